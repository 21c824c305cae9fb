import { expect, it } from 'vitest';
import { parseQuotaPolicy } from './quota-policy.ts';

it.each([
  [undefined, undefined],
  ['stop', 'stop'],
  ['settings', 'settings'],
  ['pay:5 EUR', 'pay:5 EUR'],
  ['pay: 2.50usd', 'pay:2.50 USD'],
])('%s means %s', (text, meaning) => {
  expect(parseQuotaPolicy(text)).toBe(meaning);
});

it.each(['pay', 'pay:', 'pay:5', 'pay:EUR 5', 'pay:-1 EUR', 'always', ''])(
  '"%s" is refused by name',
  (text) => {
    expect(() => parseQuotaPolicy(text)).toThrow(`--quota-policy: "${text}" is not understood`);
  },
);
