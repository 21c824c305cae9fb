import { AppError } from '../../contract/index.ts';

const PAY = /^pay:\s*(\d{1,9}(?:\.\d{1,2})?)\s*([A-Za-z]{3})$/;

/**
 * What `--quota-policy` means, in the contract's form; nothing when it is not given.
 * @throws AppError `invalid_input` naming the flag and its value
 */
export function parseQuotaPolicy(text: string | undefined): string | undefined {
  if (text === undefined || ['stop', 'make-room', 'settings'].includes(text)) return text;
  const [, amount, currency] = PAY.exec(text.trim()) ?? [];
  if (amount !== undefined && currency !== undefined) return `pay:${amount} ${currency.toUpperCase()}`;
  throw new AppError('invalid_input', `--quota-policy: "${text}" is not understood`, {
    field: '--quota-policy',
    hint: 'write stop, make-room, "pay:5 EUR" (at most so much a month), or settings: as quota in the settings says',
  });
}
