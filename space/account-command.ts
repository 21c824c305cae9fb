import { AppError } from '../contract/errors.ts';
import type { Account } from './state/accounts.ts';
import { parsePrice, readPrice, writePrice } from './state/price.ts';
import type { State } from './state/state.ts';

interface Given {
  readonly name: string;
  readonly quota?: string | undefined;
  readonly overage?: string | undefined;
  readonly price?: string | undefined;
  readonly json: boolean;
}

/** Shows what an account may store, after changing what is named. A running server sees it at its next call. */
export function accountCommand(state: State, given: Given): string {
  const price = given.price === undefined ? readPrice(state) : parsePrice(given.price);
  const quotaBytes = parseBytes('quota', given.quota, 1);
  const overageBytes = parseBytes('overage', given.overage, 0);
  if ((overageBytes ?? 0) > 0 && price === undefined) {
    throw new AppError('invalid_input', '--overage needs a price', {
      field: 'overage',
      hint: 'of one GiB for a month: --price "0.02 USD"; 0 gives it away',
    });
  }
  const account = state.accounts.setLimits(given.name, {
    ...(quotaBytes !== undefined && { quotaBytes }),
    ...(overageBytes !== undefined && { overageBytes }),
  });
  if (price !== undefined) writePrice(state, price);
  return given.json ? `${JSON.stringify({ ...shown(account), price })}\n` : words(account, price);
}

const shown = ({ olaresName, quotaBytes, overageBytes }: Account) => ({
  name: olaresName,
  quotaBytes,
  overageBytes,
});

function words(
  { olaresName, quotaBytes, overageBytes }: Account,
  price: ReturnType<typeof readPrice>,
): string {
  const beyond =
    overageBytes === 0 || price === undefined
      ? 'nothing beyond it'
      : `up to ${overageBytes} more for ${price.perGibMonth} ${price.currency} per GiB and month`;
  return `${olaresName}: ${quotaBytes} bytes included, ${beyond}\n`;
}

/** @throws AppError `invalid_input` */
export function parseBytes(field: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const bytes = /^\d+$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(bytes) && bytes >= least) return bytes;
  throw new AppError('invalid_input', `--${field} is "${text}", but must be a number of bytes`, {
    field,
    hint: 'for example 10737418240',
  });
}
