import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { hashOf } from './proof-bench.ts';

export const isRoot = process.geteuid?.() === 0;
const NOBODY = 65_534;

/** What is exchanged for a link to the decoy. */
export const ATTACKS = ['staging', 'target', 'inside', 'parent', 'all'] as const;
export type Attack = (typeof ATTACKS)[number];

/**
 * The owner of the directory that holds the targets. Once a restore has begun, or at once, and as fast as it can, it puts links to
 * the decoy in the place of the staging directory, of the target, of what lies in the target, or of the whole directory;
 * and takes them away again.
 */
const ATTACKER = `
const fs = require('node:fs'), path = require('node:path');
const [home, decoy, tally, attack, name, waits] = process.argv.slice(1);
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
for (let seen = waits ? undefined : ''; seen === undefined; pause()) attempt(() => { seen = staging(); });
for (let turn = 0; ; turn += 1) {
  pause();
  if (isAttack('staging')) attempt(() => { const at = path.join(field, staging()); swap(at) && (count += 1); if (turn % 2) back(at); });
  if (isAttack('target') && swap(target)) count += 1;
  if (isAttack('target') && turn % 2) back(target);
  if (isAttack('inside')) { swap(path.join(target, 'sub')) && (count += 1); if (turn % 2) back(path.join(target, 'sub')); }
  if (isAttack('parent') && turn % 16 === 0) { swap(field) && (count += 1); back(field); }
  if (turn % 64 === 0) fs.writeFileSync(tally, String(count));
}`;

export interface Race {
  readonly attack: Attack;
  /** Name of the target. */
  readonly name: string;
  /** Where the target holds files already: other names of files of the decoy. */
  readonly isTrap: boolean;
  /** Whether the attack begins with the first sign of a restore. */
  readonly waits: boolean;
}

/** A directory whose owner works against the restores into it, and a decoy that none of them may change. */
export class RaceField {
  readonly #home: string;
  readonly #tally: string;
  readonly #decoy: string;
  #restorer = process.geteuid?.() ?? 0;
  #before = '';

  constructor(root: string) {
    this.#home = join(root, 'home');
    this.#tally = join(this.#home, 'tally');
    this.#decoy = join(root, 'decoy');
    growTree(this.#decoy);
    mkdirSync(this.path, { recursive: true });
    if (isRoot) for (const path of [this.#home, this.path]) chownSync(path, NOBODY, NOBODY);
  }

  get path(): string {
    return join(this.#home, 'field');
  }

  /** Names this user, who may change the decoy and write in the field: what could go wrong, must be able to. */
  restoreAs(uid: number): void {
    this.#restorer = uid;
    if (isRoot) for (const way of ['', 'sub', ...FILES]) chownSync(join(this.#decoy, way), uid, uid);
    this.#before = hashOf(this.#decoy);
  }

  /** @returns what the restore returned, and how often the attack came about */
  async race<T>(
    { attack, name, isTrap, waits }: Race,
    restore: (target: string) => Promise<T>,
  ): Promise<{ ended: T; swaps: number }> {
    this.#clear();
    if (isTrap) this.#trap(name);
    writeFileSync(this.#tally, '0', { mode: 0o666 });
    if (isRoot) chownSync(this.#tally, NOBODY, NOBODY);
    const args = [this.#home, this.#decoy, this.#tally, attack, name, waits ? 'waits' : ''];
    const attacker = spawn(process.execPath, ['-e', ATTACKER, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      ...(isRoot && { uid: NOBODY, gid: NOBODY }),
    });
    try {
      await new Promise((resolve) => attacker.stdout.once('data', resolve));
      const ended = await restore(join(this.path, name));
      return { ended, swaps: Number(readFileSync(this.#tally, 'utf8')) };
    } finally {
      attacker.kill('SIGKILL');
      await new Promise((resolve) => attacker.once('close', resolve));
    }
  }

  isDecoyWhole(): boolean {
    return hashOf(this.#decoy) === this.#before;
  }

  /** What a restore has made, wherever it was moved. */
  staged(): string[] {
    return [this.#home, this.#decoy]
      .flatMap((path) => readdirSync(path, { recursive: true, encoding: 'utf8' }))
      .filter((path) => path.includes('.olares-restore-'));
  }

  #trap(name: string): void {
    const target = join(this.path, name);
    mkdirSync(join(target, 'sub'), { recursive: true });
    for (const way of ['file', 'sub/file0', 'sub/file1']) linkSync(join(this.#decoy, way), join(target, way));
    for (const path of [target, join(target, 'sub')]) this.#hand(path);
  }

  #clear(): void {
    for (const path of [this.path, `${this.path}.away`]) {
      if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) unlinkSync(path);
      else rmSync(path, { recursive: true, force: true });
    }
    mkdirSync(this.path);
    this.#hand(this.path);
  }

  /** To the attacker; an ordinary user could not restore there if others might not write. */
  #hand(path: string): void {
    if (isRoot) chownSync(path, NOBODY, NOBODY);
    if (this.#restorer !== 0) chmodSync(path, 0o777);
  }
}

const FILES = ['file', ...Array.from({ length: 40 }, (_, n) => `sub/file${n}`)];

/** The names of the decoy and of what is restored are the same, the content is not. */
export function growTree(root: string): void {
  mkdirSync(join(root, 'sub'), { recursive: true });
  for (const way of FILES) writeFileSync(join(root, way), `${way} of ${root}`);
}
