import { expect, it } from 'vitest';
import { accountCommand } from './account-command.ts';
import { pairMachine } from './testing/agent.ts';
import { startTestSpace } from './testing/fixture.ts';

const ALICE = { name: 'alice@olares.com', json: true };

it('an account is given more, at a price, and its machine is told', async () => {
  await using fixture = await startTestSpace({ quotaBytes: 1 });
  const { userid, token } = (await pairMachine(fixture)).paired;
  const change = (more: object) => accountCommand(fixture.space.state, { ...ALICE, ...more });
  expect(() => change({ overage: '5' })).toThrow('--overage needs a price');
  expect(() => change({ price: 'cheap' })).toThrow('--price is "cheap"');
  expect(() => change({ quota: '10G' })).toThrow('must be a number of bytes');
  expect(() => change({ name: 'bob@olares.com' })).toThrow('there is no account');
  expect(JSON.parse(change({ quota: '100', overage: '50', price: '0.02 USD' }))).toEqual({
    name: 'alice@olares.com',
    quotaBytes: 100,
    overageBytes: 50,
    price: { currency: 'USD', perGibMonth: 0.02 },
  });
  const { data } = await fixture.call('/v1/resource/backup/usage', { userid, token });
  expect(data).toMatchObject({
    totalSize: 100,
    overageLimit: 50,
    overageSize: 0,
    canBackup: true,
    price: { currency: 'USD', perGibMonth: 0.02 },
  });
});
