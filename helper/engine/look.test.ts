import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench } from '../testing/bench.ts';
import type { CountingServer } from '../testing/counting-server.ts';
import { openRestServer } from '../testing/rest-server.ts';

const PASSWORD = 'orange tripod Zeppelin 42';
const DECOYS = 40;

describe('a look into a repository that somebody else can write', () => {
  const bench = new Bench();
  const access = bench.common.access.address;
  let server: CountingServer;
  beforeAll(async () => {
    await bench.restic(['init'], PASSWORD);
    writeFileSync(join(bench.root, 'file'), 'x');
    await bench.restic(['backup', join(bench.root, 'file')], PASSWORD);
    server = await openRestServer(access);
  });
  afterAll(async () => {
    await server.close();
    bench[Symbol.dispose]();
  });
  const look = (secret: string, keyIds?: string[]) => {
    server.fetchedBeside = 0;
    const channelPath = bench.channelPath();
    const request = { verb: 'look', ...bench.at(server.address), channelPath } as const;
    return bench.ask<'look'>({ ...request, ...(keyIds && { keyIds }) }, { secret: { password: secret } });
  };
  const plant = (change: object) => {
    const [id = ''] = readdirSync(join(access, 'keys'));
    const key = JSON.parse(readFileSync(join(access, 'keys', id), 'utf8')) as object;
    const text = JSON.stringify({ ...key, data: randomBytes(96).toString('base64'), ...change });
    writeFileSync(join(access, 'keys', createHash('sha256').update(text).digest('hex')), text);
    return id;
  };

  it('reads less than 4 KB for a wrong password, and lists the snapshots for the right one', async () => {
    expect(await look('not this one')).toMatchObject({ error: { code: 'wrong_password' } });
    expect(server.fetchedBeside).toBeGreaterThan(0);
    expect(server.fetched + server.fetchedBeside).toBeLessThan(4096);
    const { result } = await look(PASSWORD);
    expect(result.snapshots).toMatchObject([{ paths: [join(bench.root, 'file')] }]);
  });

  it('never tries a key that asks for far too much work, and says so', async () => {
    plant({ N: 2 ** 24 });
    const { error } = await look('not this one');
    expect(error).toMatchObject({ code: 'wrong_password', hint: expect.stringContaining('not tried') });
    expect((await look(PASSWORD)).result.snapshots).toHaveLength(1);
  });

  it('finds the key that a kit names among decoys', async () => {
    const [real = ''] = readdirSync(join(access, 'keys')).filter((id) => {
      const { username, N } = JSON.parse(readFileSync(join(access, 'keys', id), 'utf8')) as {
        username: string;
        N: number;
      };
      return username !== '' && N < 2 ** 20;
    });
    for (let index = 0; index < DECOYS; index += 1) plant({ hostname: 'olares-backup', username: 'user' });
    const { result } = await look(PASSWORD, [real]);
    expect(result.keys).toMatchObject([{ id: real }]);
    expect(result.snapshots).toHaveLength(1);
  });
});
