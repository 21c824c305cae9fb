import { AppError } from '../../contract/errors.ts';
import { parser } from '../../contract/schema.ts';
import { Price } from '../../contract/space/wire.ts';
import type { State } from './state.ts';

const SETTING = 'price';
const price = parser(Price);

/** What a GiB beyond the quota costs for a month; undefined: this Space sells none. */
export function readPrice(state: Pick<State, 'setting'>): Price | undefined {
  const text = state.setting(SETTING);
  return text === undefined ? undefined : price.parse(JSON.parse(text), 'the price');
}

export function writePrice(state: Pick<State, 'setSetting'>, value: Price): void {
  state.setSetting(SETTING, JSON.stringify(value));
}

/**
 * @param text like `0.02 USD`
 * @throws AppError `invalid_input`
 */
export function parsePrice(text: string): Price {
  const [, amount, currency] = /^(\d{1,9}(?:\.\d{1,6})?) ([A-Z]{3})$/.exec(text.trim()) ?? [];
  if (amount !== undefined && currency !== undefined) return { currency, perGibMonth: Number(amount) };
  throw new AppError('invalid_input', `--price is "${text}", but must be an amount and a currency`, {
    field: 'price',
    hint: 'of one GiB for a month, for example --price "0.02 USD"',
  });
}
