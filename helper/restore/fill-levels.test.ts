import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench } from '../testing/bench.ts';
import { at, hashOf, restoreTo, takeSnapshot, times, type Taken } from '../testing/proof-bench.ts';

const LEVELS = times(2);
const DISK_MEBIBYTES = 50;
const bench = new Bench();
const disk = at(bench, 'disk');
const target = join(disk, 'target');
const canMount = mounts();

function mounts(): boolean {
  mkdirSync(disk);
  try {
    const size = `size=${DISK_MEBIBYTES}m`;
    execFileSync('mount', ['-t', 'tmpfs', '-o', size, 'tmpfs', disk], { stdio: 'ignore' });
    return true;
  } catch {
    // No right to: then this cannot be tested here.
    return false;
  }
}

describe.runIf(canMount)('restores to a disk that is full to some level', () => {
  const source = at(bench, 'source');
  let taken: Taken;
  beforeAll(async () => {
    await bench.makeRepository();
    mkdirSync(source);
    for (let count = 0; count < 20; count += 1)
      writeFileSync(join(source, `file${count}`), randomBytes(1_000_000));
    taken = await takeSnapshot(bench, source);
    mkdirSync(target);
    for (let count = 0; count < 10; count += 1) writeFileSync(join(target, `file${count}`), `good ${count}`);
  });
  afterAll(() => {
    execFileSync('umount', [disk]);
    bench[Symbol.dispose]();
  });

  /** @returns how it ended; the disk is then as it was before */
  const attempt = async (level: number, inPlace: boolean): Promise<{ end: string; words: string }> => {
    fill(Math.floor((level * DISK_MEBIBYTES) / LEVELS));
    // Each second time somebody goes on writing: what was free at first is not there when it is needed.
    const onOutput = () => (level % 2 === 0 ? steal() : undefined);
    const where = inPlace ? target : join(disk, 'beside');
    const { error, result } = await restoreTo(taken, { target: where, choice: { inPlace } }, { onOutput });
    if (result?.undoPath !== undefined) {
      rmSync(target, { recursive: true });
      renameSync(result.undoPath, target);
    }
    for (const name of readdirSync(disk).filter((name) => /^(thief|beside)/.test(name)))
      rmSync(join(disk, name), { recursive: true });
    return { end: error?.code ?? 'restored', words: `${error?.message}; ${error?.hint}` };
  };

  it(`damage no old file, and say what is missing, at ${LEVELS} levels in place and beside`, async () => {
    const before = hashOf(target);
    const ends: Record<string, number> = {};
    const said = new Set<string>();
    for (let run = 0; run < LEVELS * 2; run += 1) {
      const { end, words } = await attempt(1 + Math.floor(run / 2), run % 2 === 0);
      ends[end] = (ends[end] ?? 0) + 1;
      if (end !== 'restored') said.add(words.replace(/\d+/g, 'N'));
      expect(hashOf(target), words).toBe(before);
      expect(readdirSync(disk).toSorted(), words).toEqual(['filler', 'target']);
    }
    process.stdout.write(`${LEVELS} fill levels: ${JSON.stringify(ends)}; ${[...said].join(' | ')}\n`);
    const words =
      'not enough room at the target: the restore needs N MB, N MB are free; ' +
      'free N MB more, or choose a target on another disk; your files were not touched';
    expect([...said]).toEqual([words]);
  }, 600_000);
});

function fill(mebibytes: number): void {
  try {
    writeFileSync(join(disk, 'filler'), Buffer.alloc(mebibytes * 2 ** 20));
  } catch {
    // To the last byte.
  }
}

/** Takes a part of what is left of the disk. */
function steal(): void {
  try {
    writeFileSync(join(disk, `thief${Math.floor(performance.now())}`), Buffer.alloc(4 * 2 ** 20));
  } catch {
    // Full: as it was meant to be.
  }
}
