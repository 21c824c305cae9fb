import { describe, expect, it } from 'vitest';
import type { ConsoleAccount, ConsoleCommand } from '../../contract/space/console.ts';
import { beyondText, fullText, standing } from './wording.ts';

const GIB = 1024 ** 3;
const account: ConsoleAccount = {
  id: 'a',
  olaresName: 'alice@olares.com',
  userid: 'did:key:z',
  usedBytes: 12 * GIB,
  totalBytes: 10 * GIB,
  planLevel: 1,
  overageBytes: 100 * GIB,
  price: { currency: 'USD', perGibMonth: 0.02 },
  devices: [],
  backups: [],
};

describe('storage beyond the total', () => {
  it('says what more costs, and what is paid now', () => {
    expect(beyondText(account)).toBe(
      'Up to 100 GiB more for 0.02 USD per GiB and month. Now 2.0 GiB for 0.04 USD a month.',
    );
    expect(beyondText({ ...account, usedBytes: GIB })).toBe(
      'Up to 100 GiB more for 0.02 USD per GiB and month.',
    );
    expect(beyondText({ ...account, overageBytes: 0 })).toMatch(/nothing is sold to this account/);
  });

  it('is not spoken of where nothing is sold', () => {
    const { price: _price, ...unsold } = account;
    expect(beyondText(unsold)).toBeUndefined();
  });

  it('ends backups only when that is used up, too', () => {
    expect(fullText(account)).toMatch(/go on/);
    expect(fullText({ ...account, usedBytes: 110 * GIB })).toMatch(/backups stop/);
  });
});

describe('a command that the machine holds', () => {
  const held: ConsoleCommand = {
    id: 'c',
    kind: 'plan.pause',
    status: 'waiting',
    askedBy: 'console',
    issuedAt: 1,
    expiresAt: 2,
    updatedAt: 1,
    request: { code: '7F3KQ' },
  };

  it('tells what to type there', () => {
    expect(standing(held)).toMatchObject({
      text: 'waits for a person at the machine: olares-backup request approve 7F3KQ',
      tone: 'busy',
      hasEnded: false,
    });
  });

  it('was declined in the words of a person', () => {
    const declined = { ...held, status: 'refused', code: 'declined', reason: 'not now' };
    expect(standing(declined)).toMatchObject({ text: 'the machine refused it: not now', hasEnded: true });
  });
});
