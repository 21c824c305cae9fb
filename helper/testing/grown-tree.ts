import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  ftruncateSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';

/** A number below the limit. */
export type Chance = (limit: number) => number;

const SLASH = Buffer.from('/');
const NAME_BYTES = [...Array(255).keys()].map((n) => n + 1).filter((byte) => byte !== 0x2f);
const NAMES = [
  '-rf',
  '--help',
  ' ',
  'new\nline',
  'a*b',
  '[x]',
  'back\\slash',
  '$HOME',
  '..x',
  'ü',
  'e\u0301',
  '\u202ex',
];
const isRoot = process.geteuid?.() === 0;

/** What is set by programs, for all entries at once: one process for each would take hours. */
export interface Later {
  readonly attributes: { readonly path: Buffer; readonly name: string; readonly value: string }[];
  readonly fifos: Buffer[];
  readonly lists: Buffer[];
}

/** A tree of all that trust.md calls metadata: equal chances make equal trees. */
export function growTree(root: Buffer, chance: Chance, later: Later): void {
  mkdirSync(root);
  const directories = [root];
  const files: Buffer[] = [];
  for (let entries = 3 + chance(8); entries > 0; entries -= 1) {
    const parent = directories[chance(directories.length)] ?? root;
    const path = Buffer.concat([parent, SLASH, nameOf(chance, entries)]);
    if (chance(6) === 0) {
      mkdirSync(path);
      directories.push(path);
    } else growEntry({ path, chance, later, files });
  }
  for (const path of files) dress(path, chance, later);
  // From the inside out: what is set on a directory must not be changed by what is made in it.
  for (const path of directories.toReversed()) dress(path, chance, later, true);
}

interface Growing {
  readonly path: Buffer;
  readonly chance: Chance;
  readonly later: Later;
  /** Regular ones made so far. */
  readonly files: Buffer[];
}

function growEntry({ path, chance, later, files }: Growing): void {
  const other = files[chance(Math.max(1, files.length))];
  const kind = chance(10);
  if (kind === 0 && other) return linkSync(other, path);
  if (kind === 1) {
    symlinkSync(chance(2) === 0 ? 'nowhere' : Buffer.from([0x78, 0xff, 0x0a]), path);
    return lutimesSync(path, chance(2 ** 31), chance(2 ** 31));
  }
  if (kind === 2) return void later.fifos.push(path);
  if (kind === 3) growSparse(path, chance);
  else writeFileSync(path, Buffer.alloc(chance(5) === 0 ? 0 : chance(3_000), chance(256)));
  files.push(path);
}

function growSparse(path: Buffer, chance: Chance): void {
  const fd = openSync(path, 'w');
  // restic makes a hole of a block that is nothing but zeros, and a small file is one block.
  const isHole = chance(2) === 0;
  if (!isHole) writeSync(fd, 'end', 50_000 + chance(50_000));
  ftruncateSync(fd, isHole ? 300_000 + chance(100_000) : 150_000);
  closeSync(fd);
}

/** A name of any bytes but `/` and zero, up to the longest; the number keeps it from being taken. */
function nameOf(chance: Chance, number: number): Buffer {
  const end = Buffer.from(String(number));
  const known = NAMES[chance(NAMES.length * 2)];
  if (known !== undefined) return Buffer.concat([Buffer.from(known), end]);
  const length = chance(8) === 0 ? 255 - end.length : 1 + chance(20);
  const bytes = Array.from({ length }, () => NAME_BYTES[chance(NAME_BYTES.length)] ?? 0x61);
  return Buffer.concat([Buffer.from(bytes), end]);
}

/** Owner, rights, attributes, time. Special bits are a matter of their own: they are not brought back. */
function dress(path: Buffer, chance: Chance, later: Later, isDirectory = false): void {
  if (isRoot) chownSync(path, chance(3) * 1_000, chance(3) * 1_000);
  if (chance(6) === 0) later.attributes.push({ path, name: 'user.note', value: 'x'.repeat(1 + chance(50)) });
  if (chance(8) === 0) later.lists.push(path);
  // An ordinary user could not read what has none.
  const rights = isRoot ? chance(8) && chance(0o1000) : 0o700 | chance(0o100);
  chmodSync(path, isDirectory && chance(4) === 0 ? 0o1000 | rights : rights);
  // From 1901 to 2038, with a part of a second. As text: Node takes a number below zero for now.
  utimesSync(path, 0, String(chance(2 ** 32) - 2 ** 31 + chance(1_000_000) / 1_000_000));
}

/** Sets what was left for later. Times of what it touches are as they fall. */
export function finishTrees({ attributes, fifos, lists }: Later): void {
  run('mkfifo', ['-m', '640', '--'], fifos);
  run('setfacl', ['-m', 'u:1234:rwx,g:4321:r', '--'], lists);
  for (const { path, name, value } of attributes)
    run('setfattr', ['-h', '-n', name, '-v', value, '--'], [path]);
}

function run(program: string, args: string[], paths: readonly Buffer[]): void {
  for (let start = 0; start < paths.length; start += 200) {
    const list = Buffer.concat(paths.slice(start, start + 200).flatMap((path) => [path, Buffer.of(0)]));
    execFileSync('xargs', ['-0', program, ...args], { input: list, stdio: ['pipe', 'ignore', 'inherit'] });
  }
}
