import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HelperRequestOf } from '../../contract/helper-messages.ts';
import { Bench, newRequestId } from '../testing/bench.ts';

describe('a restore from a damaged repository', () => {
  const bench = new Bench();
  const source = join(bench.root, 'source');
  let snapshotId = '';

  const backup = async () => {
    const request: HelperRequestOf<'backup'> = {
      verb: 'backup',
      ...bench.common,
      paths: [source],
      excludes: [],
      tags: [],
      repairFirst: false,
    };
    snapshotId = (await bench.ask<'backup'>(request)).result.snapshotId ?? '';
  };
  const restoreTo = (target: string) => {
    const request: HelperRequestOf<'restore'> = {
      verb: 'restore',
      ...bench.common,
      requestId: newRequestId(),
      snapshotId,
      choice: {},
      subPath: source,
      target,
      key: 'machine',
    };
    bench.grant(request);
    return bench.ask<'restore'>(request);
  };

  beforeAll(async () => {
    await bench.makeRepository();
    mkdirSync(source);
    writeFileSync(join(source, 'broken'), randomBytes(500_000));
    await backup();
    damageLargestPack(bench.repository);
    writeFileSync(join(source, 'whole'), 'whole');
    await backup();
  });
  afterAll(() => bench[Symbol.dispose]());

  it('leaves out the file that is not whole, names it, and places the rest', async () => {
    const target = join(bench.root, 'restored');
    const { result, error } = await restoreTo(target);
    expect(error).toBeUndefined();
    expect(readdirSync(target)).toEqual(['whole']);
    const reason = 'its data in the repository is damaged';
    expect(result).toMatchObject({
      filesRestored: 1,
      skipped: { count: 1, first: [{ path: join(source, 'broken'), reason }] },
    });
  });

  it('is told of by a check that reads the data', async () => {
    const check = (readDataPercent: number) =>
      bench.ask<'check'>({ verb: 'check', ...bench.common, readDataPercent });
    expect((await check(100)).result.problems.join()).toContain('pack');
    expect((await check(0)).result.problems).toEqual([]);
  });

  it('touches nothing when the repository is gone altogether', async () => {
    const target = join(bench.root, 'nothing');
    const config = join(bench.repository, 'config');
    const content = readFileSync(config);
    chmodSync(config, 0o600);
    writeFileSync(config, 'garbage');
    const { error } = await restoreTo(target);
    writeFileSync(config, content);
    expect(error).toMatchObject({ code: expect.stringMatching(/integrity|failed/) as string });
    expect(existsSync(target)).toBe(false);
    expect(readdirSync(bench.root).filter((name) => name.startsWith('.olares'))).toEqual([]);
  });
});

function damageLargestPack(repository: string): void {
  const data = join(repository, 'data');
  const packs = readdirSync(data, { recursive: true, encoding: 'utf8' })
    .map((name) => join(data, name))
    .filter((path) => statSync(path).isFile());
  const largest = packs.toSorted((a, b) => statSync(b).size - statSync(a).size)[0] ?? '';
  const bytes = readFileSync(largest);
  chmodSync(largest, 0o600);
  writeFileSync(largest, bytes.fill(0, 1_000, 2_000));
}
