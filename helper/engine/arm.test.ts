import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench, RESTIC } from '../testing/bench.ts';

const PASSWORD = 'orange tripod Zeppelin 42';

describe('a repository made by plain restic', () => {
  const bench = new Bench();
  beforeAll(() => bench.restic(['init'], PASSWORD));
  afterAll(() => bench[Symbol.dispose]());
  const adopt = (secret: string) => {
    const request = {
      verb: 'arm',
      ...bench.common,
      mode: 'adopt',
      recovery: false,
      channelPath: bench.channelPath(),
    } as const;
    return bench.ask<'arm'>(request, { secret: { password: secret } });
  };

  it('is adopted with its password only', async () => {
    expect(await adopt('not this one')).toMatchObject({
      error: { code: 'wrong_password' },
      verdict: { ok: false },
    });
    const { result } = await adopt(PASSWORD);
    expect(result.keys.map(({ role }) => role).toSorted()).toEqual(['machine', 'user']);
    const config = await bench.ask<'cat-config'>({ verb: 'cat-config', ...bench.common });
    expect(config.result.repositoryId).toBe(result.repositoryId);
  });

  it('is adopted again without another key', async () => {
    const { result } = await adopt(PASSWORD);
    expect(result.keys).toHaveLength(2);
  });

  it('is not taken for the repository of another plan', async () => {
    const access = { ...bench.common.access, expectId: 'c'.repeat(64) };
    const { error } = await bench.ask<'snapshots'>({ verb: 'snapshots', ...bench.common, access });
    expect(error).toMatchObject({ code: 'integrity', message: 'this is not the repository of this plan' });
  });

  it('is missing when the place is empty, which is found at once', async () => {
    const request = {
      verb: 'arm',
      ...bench.at(join(bench.root, 'nowhere')),
      mode: 'adopt',
      recovery: false,
      channelPath: bench.channelPath(),
    } as const;
    const { error } = await bench.ask<'arm'>(request, { secret: { password: PASSWORD } });
    expect(error).toMatchObject({ code: 'repository_missing' });
  });

  it('names the restic it uses', async () => {
    expect((await bench.ask<'version'>({ verb: 'version' })).result.path).toBe(RESTIC);
  });
});

describe("the machine's key in a repository", () => {
  const bench = new Bench();
  afterAll(() => bench[Symbol.dispose]());

  it('is the only one that costs no time, and no other key of the machine is left', async () => {
    const request = {
      verb: 'arm',
      ...bench.common,
      mode: 'create',
      recovery: true,
      channelPath: bench.channelPath(),
    } as const;
    const secret = { password: PASSWORD, recovery: 'six words that nobody would guess today' };
    const { result } = await bench.ask<'arm'>(request, { secret });
    const keys = bench.capsule().keys.map(({ id, content }) => {
      const { N, username } = JSON.parse(Buffer.from(content, 'base64').toString()) as Record<
        string,
        unknown
      >;
      return { id, role: username, isLight: N === 1024 };
    });
    expect(keys.toSorted((a, b) => String(a.role).localeCompare(String(b.role)))).toEqual([
      { id: result.keys.find(({ role }) => role === 'machine')?.id, role: 'machine', isLight: true },
      { id: result.keys.find(({ role }) => role === 'recovery')?.id, role: 'recovery', isLight: false },
      { id: result.keys.find(({ role }) => role === 'user')?.id, role: 'user', isLight: false },
    ]);
  });
});

describe('a plan whose arming was cut off', () => {
  const bench = new Bench();
  afterAll(() => bench[Symbol.dispose]());
  const create = (password: string) => {
    const request = {
      verb: 'arm',
      ...bench.common,
      mode: 'create',
      recovery: false,
      channelPath: bench.channelPath(),
    } as const;
    return bench.ask<'arm'>(request, { secret: { password } });
  };

  it('goes on with the repository that is there already, keys and all', async () => {
    const { result: first } = await create(PASSWORD);
    const { result: second, error } = await create('another phrase entirely 77');
    expect(error).toBeUndefined();
    expect(second.repositoryId).toBe(first.repositoryId);
    expect(bench.restic(['snapshots'], 'another phrase entirely 77').trim()).toBe('[]');
  });
});
