import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HelperRequestOf } from '../../contract/helper-messages.ts';
import { Bench, newRequestId } from '../testing/bench.ts';

const bench = new Bench();
const disk = join(bench.root, 'disk');
const canMount = mounts();

function mounts(): boolean {
  mkdirSync(disk);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk], { stdio: 'ignore' });
    return true;
  } catch {
    // No right to: then this cannot be tested here.
    return false;
  }
}

describe.runIf(canMount)('a restore to a disk that is too small', () => {
  const source = join(bench.root, 'source');
  let snapshotId = '';
  beforeAll(async () => {
    await bench.makeRepository();
    mkdirSync(source);
    for (let count = 0; count < 20; count += 1)
      writeFileSync(join(source, `file${count}`), randomBytes(1_000_000));
    const request: HelperRequestOf<'backup'> = {
      verb: 'backup',
      ...bench.common,
      paths: [source],
      excludes: [],
      tags: [],
      repairFirst: false,
    };
    snapshotId = (await bench.ask<'backup'>(request)).result.snapshotId ?? '';
  });
  afterAll(() => {
    execFileSync('umount', [disk]);
    bench[Symbol.dispose]();
  });

  it('leaves the files that are there as they were, and says how much is missing', async () => {
    const target = join(disk, 'target');
    mkdirSync(target);
    writeFileSync(join(target, 'file0'), 'good');
    const request: HelperRequestOf<'restore'> = {
      verb: 'restore',
      ...bench.common,
      requestId: newRequestId(),
      snapshotId,
      choice: { inPlace: true },
      subPath: source,
      target,
      key: 'machine',
    };
    bench.grant(request);
    const { error } = await bench.ask<'restore'>(request);
    expect(error).toMatchObject({
      code: 'no_space',
      message: expect.stringContaining('MB are free') as string,
    });
    expect(readFileSync(join(target, 'file0'), 'utf8')).toBe('good');
    expect(readdirSync(disk)).toEqual(['target']);
  });

  it('is seen before by the preview', async () => {
    const request: HelperRequestOf<'restore-preview'> = {
      verb: 'restore-preview',
      ...bench.common,
      snapshotId,
      choice: {},
      subPath: source,
      target: join(disk, 'new'),
    };
    const { result } = await bench.ask<'restore-preview'>(request);
    expect(result).toMatchObject({ fits: false, filesNew: 20, targetExists: false });
  });
});
