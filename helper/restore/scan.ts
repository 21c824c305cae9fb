import { chmodSync, lstatSync, readdirSync, unlinkSync, type Stats } from 'node:fs';
import { createSkippedList, type SkippedList } from '../engine/skipped.ts';
import type { Skipped } from '../../contract/model/job.ts';
import type { Anchor } from './anchor.ts';
import type { Faults } from './download.ts';

const SETUID = 0o4000;
const SETGID = 0o2000;
const SLASH = Buffer.from('/');

export interface Scan {
  /** Everything but directories. */
  readonly files: number;
  readonly regularFiles: number;
  readonly bytes: number;
  readonly skipped: Skipped;
  readonly stripped: Skipped;
  readonly left: LeftOut;
}

/** What of the snapshot does not come back, so that what lies in its place is not mistaken for something else. */
export interface LeftOut {
  /** Paths in the snapshot. */
  readonly paths: readonly string[];
  /** Modes of files, by inode, before their setuid and setgid bits were taken. */
  readonly modes: ReadonlyMap<number, number>;
}

export interface ScanOptions {
  readonly keepSpecial: boolean;
  readonly faults: Faults;
  /** Files whose capability was not brought back. */
  readonly withoutCapability?: readonly string[];
}

/**
 * Walks the staged tree before anything of it can be reached: removes what restic could not bring back whole, device
 * nodes, and the setuid and setgid bits of files. Names are bytes: they need not be valid text.
 */
export function scan(staging: Anchor, options: ScanOptions): Scan {
  const content = Buffer.from(staging.at('content'));
  const walk: Walk = {
    ...options,
    content,
    damaged: damagedInodes(content, options.faults),
    linked: new Set(),
    skipped: createSkippedList(),
    stripped: createSkippedList(),
    counts: { files: 0, regularFiles: 0, bytes: 0 },
    left: { paths: [...options.faults.keys()], modes: new Map() },
  };
  for (const [path, reason] of options.faults) walk.skipped.add(path, reason);
  for (const path of options.withoutCapability ?? []) walk.stripped.add(path, 'its file capability');
  walkDirectory(walk, content);
  const { counts, skipped, stripped, left } = walk;
  return { ...counts, skipped: skipped.result(), stripped: stripped.result(), left };
}

interface Walk extends ScanOptions {
  readonly content: Buffer;
  readonly damaged: ReadonlySet<number>;
  /** Inodes with several names that were counted already. */
  readonly linked: Set<number>;
  readonly skipped: SkippedList;
  readonly stripped: SkippedList;
  readonly counts: { files: number; regularFiles: number; bytes: number };
  readonly left: { readonly paths: string[]; readonly modes: Map<number, number> };
}

/** By inode: another name of a damaged file is as damaged. */
function damagedInodes(content: Buffer, faults: Faults): Set<number> {
  const inodes = [...faults.keys()].flatMap((path) => {
    const found = statOf(Buffer.concat([content, Buffer.from(path)]));
    return found && !found.isDirectory() ? [found.ino] : [];
  });
  return new Set(inodes);
}

function walkDirectory(walk: Walk, directory: Buffer): void {
  for (const name of readdirSync(directory, { encoding: 'buffer' })) {
    const path = Buffer.concat([directory, SLASH, name]);
    const found = lstatSync(path);
    if (found.isDirectory()) walkDirectory(walk, path);
    else visit(walk, path, found);
  }
}

function visit(walk: Walk, path: Buffer, found: Stats): void {
  if (walk.damaged.has(found.ino) || isNamedUnreadably(walk, path)) return leaveOut(walk, path);
  if (!walk.keepSpecial && isDevice(found)) {
    walk.stripped.add(nameOf(walk, path), 'a device node');
    return leaveOut(walk, path);
  }
  if (!walk.keepSpecial && found.isFile() && (found.mode & (SETUID | SETGID)) !== 0) {
    walk.stripped.add(nameOf(walk, path), (found.mode & SETUID) === 0 ? 'its setgid bit' : 'its setuid bit');
    walk.left.modes.set(found.ino, found.mode);
    chmodSync(path, found.mode & 0o1777);
  }
  count(walk, found);
}

function leaveOut(walk: Walk, path: Buffer): void {
  walk.left.paths.push(nameOf(walk, path));
  unlinkSync(path);
}

function count({ counts, linked }: Walk, found: Stats): void {
  counts.files += 1;
  if (!found.isFile()) return;
  counts.regularFiles += 1;
  if (found.nlink > 1 && linked.has(found.ino)) return;
  if (found.nlink > 1) linked.add(found.ino);
  counts.bytes += found.size;
}

/**
 * restic names a damaged file whose name is no valid text with marks in the place of its bytes. All files that could be
 * meant are left out.
 */
function isNamedUnreadably(walk: Walk, path: Buffer): boolean {
  if (walk.faults.size === 0) return false;
  const text = nameOf(walk, path);
  return text.includes('\ufffd') && marked(walk.faults).has(text.replace(/\ufffd+/g, '\ufffd'));
}

const markedNames = new WeakMap<Faults, ReadonlySet<string>>();

function marked(faults: Faults): ReadonlySet<string> {
  const known = markedNames.get(faults);
  if (known) return known;
  const names = new Set(
    [...faults.keys()]
      .filter((name) => name.includes('\ufffd'))
      .map((name) => name.replace(/\ufffd+/g, '\ufffd')),
  );
  markedNames.set(faults, names);
  return names;
}

const nameOf = ({ content }: Walk, path: Buffer) => path.subarray(content.length).toString('utf8');

const isDevice = (found: Stats) => found.isBlockDevice() || found.isCharacterDevice();

function statOf(path: Buffer): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    // restic could not even make it.
    return undefined;
  }
}
