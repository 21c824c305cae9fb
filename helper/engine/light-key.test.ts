import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Bench, MACHINE_KEY } from '../testing/bench.ts';
import { lightKeyFile } from './light-key.ts';

describe('a light key', () => {
  const bench = new Bench();
  afterAll(() => bench[Symbol.dispose]());

  it('opens a repository for stock restic, which then backs up and reads with it alone', async () => {
    await bench.makeRepository();
    const keys = join(bench.repository, 'keys');
    const [first = ''] = readdirSync(keys);
    const { id, content } = await lightKeyFile(bench.restic(['cat', 'masterkey']), {
      secret: Buffer.from('another secret'),
      createdAt: Date.now(),
    });
    writeFileSync(join(keys, id), content);
    rmSync(join(keys, first), { force: true });
    const source = join(bench.root, 'source');
    mkdirSync(source);
    writeFileSync(join(source, 'file'), 'content');
    bench.restic(['backup', source], 'another secret');
    expect(bench.restic(['dump', 'latest', join(source, 'file')], 'another secret')).toBe('content');
    expect(bench.restic(['check', '--read-data'], 'another secret')).toContain('"num_errors":0');
    expect(() => bench.restic(['snapshots'], MACHINE_KEY)).toThrow('wrong password');
  });

  it('is made of a real master key only, and quotes none in its error', async () => {
    const made = lightKeyFile('{"mac":{"k":"c2VjcmV0"}}', { secret: Buffer.from('x'), createdAt: 0 });
    await expect(made).rejects.toThrow(/^the repository has no readable master key$/);
  });
});
