import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench, type Answer } from '../testing/bench.ts';
import { at, restoreTo, seeded, takeSnapshot, times, type Taken } from '../testing/proof-bench.ts';

const DAMAGES = times(3);
const FILES = 40;
const chance = seeded(7);

describe('a repository with a damaged pack', () => {
  const bench = new Bench();
  const whole = at(bench, 'whole');
  const source = at(bench, 'source');
  let taken: Taken;

  beforeAll(async () => {
    await bench.makeRepository();
    mkdirSync(source);
    // One pack for each backup, so that what is damaged is not all.
    for (let pack = 0; pack < 4; pack += 1) {
      for (let n = 0; n < FILES / 4; n += 1)
        writeFileSync(join(source, `file${pack * 10 + n}`), randomBytes(1 + chance(60_000)));
      taken = await takeSnapshot(bench, source);
    }
    cpSync(bench.repository, whole, { recursive: true });
  });
  afterAll(() => bench[Symbol.dispose]());

  const packs = () =>
    readdirSync(join(whole, 'data'), { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(whole, 'data', name)).isFile())
      .toSorted();

  /** @returns what was done, in words */
  const damage = (kind: number): string => {
    const all = packs();
    const name = all[chance(all.length)] ?? '';
    const path = join(bench.repository, 'data', name);
    const { size } = statSync(path);
    chmodSync(path, 0o600);
    if (kind === 0) rmSync(path);
    else if (kind === 1) truncateSync(path, chance(size));
    else {
      const bytes = readFileSync(path);
      const place = chance(size);
      bytes[place] = (bytes[place] ?? 0) ^ (1 + chance(255));
      writeFileSync(path, bytes);
    }
    return `${['deleted', 'truncated', 'flipped'][kind]} ${name.slice(-8)}`;
  };
  const heal = () => {
    for (const name of packs()) {
      const path = join(bench.repository, 'data', name);
      if (existsSync(path)) chmodSync(path, 0o600);
      copyFileSync(join(whole, 'data', name), path);
    }
    // What restic keeps of a pack elsewhere is not what is looked for.
    rmSync(join(bench.stateDir, 'cache'), { recursive: true, force: true });
  };

  /** @returns what is wrong with how the restore went, and how it ended */
  const look = (done: string, target: string, { result, error }: Answer<'restore'>) => {
    const placed = existsSync(target) ? readdirSync(target) : [];
    // Without the list of the files there is nothing to restore: said, and nothing placed.
    if (error) {
      return {
        end: 'refused',
        wrong: [
          ...placed.map((name) => `${done}: ${name} although refused`),
          // Exit code 19.
          ...(error.code === 'integrity' ? [] : [`${done}: ended with ${error.code}`]),
        ],
      };
    }
    const content = (folder: string, name: string) => readFileSync(join(folder, name));
    const bad = placed.filter((name) => !content(target, name).equals(content(source, name)));
    const missing = readdirSync(source).filter((name) => !placed.includes(name));
    const { count, first } = result.skipped;
    const strange = first.filter(({ path }) => !missing.includes(basename(path)));
    return {
      end: missing.length > 0 ? 'named' : 'unhurt',
      wrong: [
        ...bad.map((name) => `${done}: ${name} is placed and not good`),
        ...strange.map(({ path }) => `${done}: ${path} is named and there`),
        ...(count === missing.length ? [] : [`${done}: ${missing.length} are missing and ${count} named`]),
      ],
    };
  };

  it(`gives back nothing as good that is not, and the rest, ${DAMAGES} times`, async () => {
    const ends: Record<string, number> = {};
    for (let run = 0; run < DAMAGES; run += 1) {
      heal();
      const done = damage(run % 3);
      const target = at(bench, `target${run}`);
      const { end, wrong } = look(done, target, await restoreTo(taken, { target }));
      expect(wrong).toEqual([]);
      ends[end] = (ends[end] ?? 0) + 1;
      rmSync(target, { recursive: true, force: true });
    }
    process.stdout.write(`${DAMAGES} damaged packs: ${JSON.stringify(ends)}\n`);
  }, 3_600_000);
});
