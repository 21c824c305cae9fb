import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Capsule, HelperRequestOf } from '../../contract/helper-messages.ts';
import type { Session } from '../session.ts';
import { Bench, MACHINE_KEY, newRequestId, typeSecret } from '../testing/bench.ts';
import { sweepGrants, takeGrant, writeGrant } from './grant.ts';

const SNAPSHOT = 'd'.repeat(64);

describe('a typed password', () => {
  const bench = new Bench();
  let capsule: Capsule;
  beforeAll(async () => {
    await bench.makeRepository();
    capsule = bench.capsule();
  });
  afterAll(() => bench[Symbol.dispose]());

  const request = (more: Partial<HelperRequestOf<'keycheck'>> = {}): HelperRequestOf<'keycheck'> => ({
    verb: 'keycheck',
    capsule,
    keyIds: capsule.keys.map(({ id }) => id),
    channelPath: bench.channelPath(),
    grant: {
      requestId: newRequestId(),
      snapshotId: SNAPSHOT,
      target: '/srv/t',
      expiresAt: Date.now() + 60_000,
    },
    ...more,
  });
  const grantFile = ({ grant }: HelperRequestOf<'keycheck'>) =>
    join(bench.stateDir, 'grants', `${String(grant?.requestId)}.json`);

  it('that is wrong is told so and leaves no grant', async () => {
    const asked = request();
    const { result, verdict } = await bench.ask<'keycheck'>(asked, { secret: { password: 'wrong' } });
    expect(result).toEqual({ correct: false });
    expect(verdict).toMatchObject({ ok: false, error: { code: 'wrong_password' } });
    expect(existsSync(grantFile(asked))).toBe(false);
  });

  it('that is right leaves a private grant, and nothing else', async () => {
    const asked = request();
    const { result, verdict } = await bench.ask<'keycheck'>(asked, { secret: { password: MACHINE_KEY } });
    expect(result).toEqual({ correct: true, keyId: capsule.keys[0]?.id });
    expect(verdict).toEqual({ ok: true });
    expect(statSync(grantFile(asked)).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(bench.stateDir, 'run'))).toEqual(['helpers']);
  });

  it('is never called wrong when the local copy is damaged', async () => {
    const config = Buffer.from(capsule.config, 'base64').fill(0, 20, 40).toString('base64');
    const { error, verdict } = await bench.ask<'keycheck'>(request({ capsule: { ...capsule, config } }), {
      secret: { password: MACHINE_KEY },
    });
    expect(error).toMatchObject({ code: 'integrity' });
    expect(verdict).toMatchObject({ ok: false, error: { code: 'integrity' } });
  });

  it('is not tried on a key that would cost a gigabyte of memory', async () => {
    const key = JSON.parse(Buffer.from(capsule.keys[0]?.content ?? '', 'base64').toString()) as object;
    const content = Buffer.from(JSON.stringify({ ...key, N: 2 ** 20 }));
    const id = createHash('sha256').update(content).digest('hex');
    const bomb = { ...capsule, keys: [{ id, role: 'user' as const, content: content.toString('base64') }] };
    const { error } = await bench.ask<'keycheck'>(request({ capsule: bomb, keyIds: [id] }), {
      secret: { password: 'x' },
    });
    expect(error).toMatchObject({
      code: 'integrity',
      message: expect.stringContaining('far more work') as string,
    });
  });

  it.each([
    ['a space at its end', 'secret '],
    ['a control character', 'se\u0007cret'],
    ['nothing in it', ''],
    ['more than 1024 bytes', 'ü'.repeat(600)],
  ])('with %s is refused without repeating it', async (_name, password) => {
    const { outputs, verdict } = await bench.ask<'keycheck'>(request(), { secret: { password } });
    expect(verdict).toMatchObject({ ok: false, error: { code: 'invalid_input' } });
    expect(outputs.filter((output) => password !== '' && JSON.stringify(output).includes(password))).toEqual(
      [],
    );
  });

  it('can be sent by one connection only', async () => {
    const asked = request();
    let second: unknown;
    await bench.ask<'keycheck'>(asked, {
      secret: { password: 'wrong' },
      onOutput: ({ type }) => {
        if (type === 'ready')
          setImmediate(
            () => void typeSecret(asked.channelPath, {}).catch((error: unknown) => (second = error)),
          );
      },
    });
    expect(second).toBeInstanceOf(Error);
  });

  it('is no longer waited for when the input ends', async () => {
    const { error } = await bench.ask<'keycheck'>(request(), { onOutput: (_output, input) => input.end() });
    expect(error).toMatchObject({ code: 'cancelled' });
  });
});

describe('a grant', () => {
  const bench = new Bench();
  afterAll(() => bench[Symbol.dispose]());
  const session = { stateDir: bench.stateDir, clock: () => 1_000 } as unknown as Session;
  const grant = {
    requestId: newRequestId(),
    snapshotId: SNAPSHOT,
    target: '/srv/t',
    expiresAt: 2_000,
    keyId: SNAPSHOT,
  };

  it('serves once', () => {
    writeGrant(session, grant);
    takeGrant(session, grant);
    expect(() => takeGrant(session, grant)).toThrow('the password was not typed for this restore');
  });

  it.each([
    ['another snapshot', { snapshotId: 'e'.repeat(64) }],
    ['another target', { target: '/etc' }],
  ])('does not serve %s, and is used up by the try', (_name, other) => {
    writeGrant(session, grant);
    expect(() => takeGrant(session, { ...grant, ...other })).toThrow('for another snapshot or target');
    expect(() => takeGrant(session, grant)).toThrow('was not typed');
  });

  it('does not serve when it is too old', () => {
    writeGrant(session, { ...grant, expiresAt: 999 });
    expect(() => takeGrant(session, grant)).toThrow('too long ago');
  });

  it('that nobody used in time is swept away, and no other', () => {
    const old = { ...grant, requestId: newRequestId(), expiresAt: 1_000 };
    const before = readdirSync(join(bench.stateDir, 'grants'));
    writeGrant(session, old);
    writeGrant(session, grant);
    sweepGrants(session);
    const names = readdirSync(join(bench.stateDir, 'grants'));
    expect(names).not.toContain(`${old.requestId}.json`);
    expect(names).toEqual([...new Set([...before, `${String(grant?.requestId)}.json`])]);
    takeGrant(session, grant);
  });

  it('does not serve when others could have written it', () => {
    writeFileSync(join(bench.stateDir, 'grants', `${String(grant?.requestId)}.json`), JSON.stringify(grant), {
      mode: 0o666,
    });
    process.umask(0o022);
    expect(() => takeGrant(session, grant)).toThrow('can be read by others');
  });
});
