import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench } from '../testing/bench.ts';
import { at, hashOf, restoreTo, takeSnapshot, times, type Taken } from '../testing/proof-bench.ts';

const isRoot = process.geteuid?.() === 0;
const NOBODY = 65_534;
const RACES = times(5);

const ATTACKS = ['staging', 'target', 'inside', 'parent', 'all'] as const;

/**
 * The owner of the directory that holds the targets. Once a restore has begun, and as fast as it can, it puts links to
 * the decoy in the place of the staging directory, of the target, of what lies in the target, or of the whole directory;
 * and takes them away again.
 */
const ATTACKER = `
const fs = require('node:fs'), path = require('node:path');
const [home, decoy, tally, attack, name] = process.argv.slice(1);
const field = path.join(home, 'field'), target = path.join(field, name);
const attempt = (what) => { try { what(); return true; } catch { return false; } };
const isLink = (at) => attempt(() => fs.readlinkSync(at));
const swap = (at) => {
  const isMoved = attempt(() => fs.renameSync(at, at + '.away'));
  const isPlanted = attempt(() => fs.symlinkSync(decoy, at));
  return isMoved || isPlanted;
};
const back = (at) => {
  if (isLink(at)) attempt(() => fs.unlinkSync(at));
  attempt(() => fs.renameSync(at + '.away', at));
};
const isAttack = (what) => attack === what || attack === 'all';
const staging = () => fs.readdirSync(field).find((name) => /^\\.olares-restore-[^.]+$/.test(name));
const cell = new Int32Array(new SharedArrayBuffer(4));
// Not all of the processor: the restore must get on.
const pause = () => Atomics.wait(cell, 0, 0, 0.1);
process.stdout.write('ready');
let count = 0;
for (let seen; seen === undefined; pause()) attempt(() => { seen = staging(); });
for (let turn = 0; ; turn += 1) {
  pause();
  if (isAttack('staging')) attempt(() => { const at = path.join(field, staging()); swap(at) && (count += 1); if (turn % 2) back(at); });
  if (isAttack('target') && swap(target)) count += 1;
  if (isAttack('target') && turn % 2) back(target);
  if (isAttack('inside')) { swap(path.join(target, 'sub')) && (count += 1); if (turn % 2) back(path.join(target, 'sub')); }
  if (isAttack('parent') && turn % 16 === 0) { swap(field) && (count += 1); back(field); }
  if (turn % 64 === 0) fs.writeFileSync(tally, String(count));
}`;

describe('a restore into a directory whose owner works against it', () => {
  const bench = new Bench();
  const home = at(bench, 'home');
  const field = join(home, 'field');
  const decoy = at(bench, 'decoy');
  const tally = join(home, 'tally');
  let taken: Taken;

  beforeAll(async () => {
    chmodSync(bench.root, 0o755);
    await bench.makeRepository();
    const source = at(bench, 'source');
    for (const tree of [source, decoy]) {
      mkdirSync(join(tree, 'sub'), { recursive: true });
      for (let n = 0; n < 40; n += 1) writeFileSync(join(tree, 'sub', `file${n}`), `${n} of ${tree}`);
      writeFileSync(join(tree, 'file'), `of ${tree}`);
    }
    mkdirSync(field, { recursive: true });
    if (isRoot) for (const path of [home, field]) chownSync(path, NOBODY, NOBODY);
    taken = await takeSnapshot(bench, source);
  });
  afterAll(() => bench[Symbol.dispose]());

  /** What lies at a target before an in-place restore; its files are other names of files of the decoy. */
  const trap = (name: string) => {
    const target = join(field, name);
    mkdirSync(join(target, 'sub'), { recursive: true });
    for (const way of ['file', 'sub/file0', 'sub/file1']) linkSync(join(decoy, way), join(target, way));
    if (isRoot) for (const path of [target, join(target, 'sub')]) chownSync(path, NOBODY, NOBODY);
  };
  const clear = () => {
    for (const path of [field, `${field}.away`]) {
      if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) unlinkSync(path);
      else rmSync(path, { recursive: true, force: true });
    }
    mkdirSync(field);
    if (isRoot) chownSync(field, NOBODY, NOBODY);
  };

  /** One restore under attack. @returns how it ended, and how often the attack came about */
  const race = async (run: number): Promise<{ end: string; swaps: number; words: string }> => {
    const kind = ['new', 'in place', 'paths in place'][run % 3] ?? 'new';
    const attack = ATTACKS[run % ATTACKS.length] ?? 'all';
    const name = `target${run}`;
    clear();
    if (kind !== 'new') trap(name);
    writeFileSync(tally, '0', { mode: 0o666 });
    if (isRoot) chownSync(tally, NOBODY, NOBODY);
    const attacker = spawn(process.execPath, ['-e', ATTACKER, home, decoy, tally, attack, name], {
      stdio: ['ignore', 'pipe', 'inherit'],
      ...(isRoot && { uid: NOBODY, gid: NOBODY }),
    });
    try {
      await new Promise((resolve) => attacker.stdout.once('data', resolve));
      const { error } = await restoreTo(taken, { target: join(field, name), choice: choiceOf(kind) });
      const swaps = Number(readFileSync(tally, 'utf8'));
      return { end: error?.code ?? 'restored', swaps, words: `run ${run}, ${kind}, ${attack}` };
    } finally {
      attacker.kill('SIGKILL');
      await new Promise((resolve) => attacker.once('close', resolve));
    }
  };
  const choiceOf = (kind: string) => ({
    // What lies in the staging directory is not the question here.
    verify: false,
    ...(kind !== 'new' && { inPlace: true }),
    ...(kind === 'paths in place' && {
      include: ['sub/file0', 'file'].map((way) => join(taken.source, way)),
    }),
  });

  it(`changes nothing but its target, ${RACES} times`, async () => {
    const before = hashOf(decoy);
    const ends: Record<string, number> = {};
    const swapped: Record<string, number> = {};
    for (let run = 0; run < RACES; run += 1) {
      const { end, swaps, words } = await race(run);
      add(ends, end, 1);
      add(swapped, ATTACKS[run % ATTACKS.length] ?? 'all', swaps);
      expect(hashOf(decoy), words).toBe(before);
    }
    process.stdout.write(`${RACES} races: ${JSON.stringify({ ends, swapped })}\n`);
    // An attack that never came about proves nothing.
    for (const attack of ATTACKS.slice(0, RACES)) expect(swapped[attack], attack).toBeGreaterThan(0);
  }, 3_600_000);
});

function add(counts: Record<string, number>, what: string, number: number): void {
  counts[what] = (counts[what] ?? 0) + number;
}
