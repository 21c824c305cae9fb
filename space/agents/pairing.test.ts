import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pairMachine } from '../testing/agent.ts';
import { startTestSpace, type TestSpace } from '../testing/fixture.ts';

let fixture: TestSpace;
beforeEach(async () => {
  fixture = await startTestSpace();
});
afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
});
const newCode = () => fixture.space.createPairingCode('alice@olares.com').code;

describe('pairing', () => {
  it('gives a machine its account, a token that works, and the keys to pin', async () => {
    const { paired } = await pairMachine(fixture);
    expect(paired).toMatchObject({
      olaresName: 'alice@olares.com',
      userid: expect.stringMatching(/^did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}$/),
    });
    expect(paired.commandKeys.current.id).not.toBe(paired.commandKeys.next.id);
    const usage = await fixture.call('/v1/resource/backup/usage', {
      userid: paired.userid,
      token: paired.token,
    });
    expect(usage).toMatchObject({
      code: 200,
      data: { totalSize: 10 * 2 ** 30, usageSize: 0, canBackup: true, planLevel: 1 },
    });
  });

  it('takes a code as people type it', async () => {
    const typed = ` ${newCode().toLowerCase().replaceAll('-', ' ')} `;
    expect((await pairMachine(fixture, typed)).paired.token).not.toBe('');
  });

  it('uses a code once', async () => {
    const code = newCode();
    await pairMachine(fixture, code);
    await expect(pairMachine(fixture, code)).rejects.toThrow('this pairing code was used before');
    expect(fixture.space.state.devices.list()).toHaveLength(1);
  });

  it('refuses a code after 15 minutes', async () => {
    const code = newCode();
    fixture.advance(15 * 60_000);
    await expect(pairMachine(fixture, code)).rejects.toThrow('this pairing code has expired');
  });

  it('locks a code after five wrong tries, also for the right one', async () => {
    const code = newCode();
    const wrong = `${code.slice(0, 4)}-2222-2222`;
    for (let tries = 0; tries < 5; tries += 1) {
      await expect(pairMachine(fixture, wrong)).rejects.toThrow('this pairing code is not right');
    }
    await expect(pairMachine(fixture, code)).rejects.toThrow('locked after five wrong tries');
  });

  it('slows down whoever tries codes that do not exist', async () => {
    for (let tries = 0; tries < 20; tries += 1)
      await pairMachine(fixture, '2222-2222-2222').catch(() => undefined);
    const code = newCode();
    await expect(pairMachine(fixture, code)).rejects.toThrow('too many wrong pairing codes');
    fixture.advance(60_001);
    expect((await pairMachine(fixture, code)).paired.deviceId).not.toBe('');
  });

  it.each([
    ['no JSON', '{'],
    [
      'an unknown field',
      JSON.stringify({
        code: 'AAAAAA',
        devicePublicKey: `${'A'.repeat(43)}=`,
        machine: '',
        agentVersion: '',
        admin: true,
      }),
    ],
    [
      'a key that is none',
      JSON.stringify({ code: 'AAAAAA', devicePublicKey: 'x', machine: '', agentVersion: '' }),
    ],
    ['a list', '[]'],
    ['too much', JSON.stringify({ code: 'A'.repeat(20_000) })],
  ])('answers %s with a refusal', async (_name, body) => {
    const answer = await fixture.post('/v1/agent/pair', body, { 'content-type': 'application/json' });
    expect(answer.code).toBe(400);
  });

  it('ends tokens and storage credentials of a revoked machine', async () => {
    const { paired } = await pairMachine(fixture);
    const identity = { userid: paired.userid, token: paired.token };
    const sts = await fixture.call('/v1/resource/stsToken/backup', {
      ...identity,
      durationSeconds: 900,
      clusterId: '',
    });
    const keys = {
      ak: String(sts.data?.['ak']),
      sk: String(sts.data?.['sk']),
      st: String(sts.data?.['st']),
      durationSeconds: 900,
    };
    expect((await fixture.call('/v1/resource/stsToken/backup/refresh', keys)).code).toBe(200);
    fixture.space.revoke(paired.deviceId);
    expect((await fixture.call('/v1/resource/stsToken/backup/refresh', keys)).code).toBe(506);
    expect((await fixture.call('/v1/resource/backup/usage', identity)).code).toBe(506);
  });
});
