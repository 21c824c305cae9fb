import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  utimesSync,
  type BigIntStats,
} from 'node:fs';
import { AppError } from '../../contract/errors.ts';
import type { MergedFiles } from '../../contract/model/job.ts';
import type { RestoreConflict } from '../../contract/model/request.ts';
import { assertNoAccessLists } from './access-lists.ts';
import { openAnchor, type Anchor } from './anchor.ts';
import type { LeftBehind } from './left-behind.ts';
import { moveEntry } from './move.ts';

export interface MergeRules {
  readonly conflict: RestoreConflict;
  readonly deleteExtra: boolean;
  /** Goes into the name of what is brought beside a file that stays. */
  readonly stamp: string;
}

export interface Merging {
  readonly rules: MergeRules;
  /** The staged tree, as the paths of entries begin. */
  readonly base: string;
  readonly left: LeftBehind;
  /** Counted up. */
  readonly counts: MergedFiles;
  /** Takes an entry of the staged tree that is not wanted after all. */
  readonly discard: (staged: string | Buffer) => void;
}

export const noFiles = (): MergedFiles => ({
  added: 0,
  replaced: 0,
  same: 0,
  kept: 0,
  renamed: 0,
  extra: 0,
  deleted: 0,
});

/** Under which name the staged entry is placed; undefined: not at all. Without a name: under its own. */
export type Settled = { readonly as?: string } | undefined;

/**
 * Makes of a staged entry all that shall lie in the place of the old one, so that one rename brings it there. What stays
 * of the old tree gets a second name (a hard link) in the staged one: the old tree itself is only read, and stays whole.
 * @param staged only we can reach it
 * @throws AppError `refused` when something of the old tree cannot be taken over
 */
export function settle(
  merging: Merging,
  staged: string,
  old: { in: Anchor; name: string } | undefined,
): Settled {
  const { counts, rules } = merging;
  const path = Buffer.from(staged);
  const fresh = statOf(path);
  const found = old && statOf(at(old.in, Buffer.from(old.name)));
  if (!old || !found) {
    counts.added += countFiles(path, fresh);
    return {};
  }
  const entry: Entry = { staged: path, parent: old.in, name: Buffer.from(old.name) };
  if (found.isDirectory() && fresh?.isDirectory()) return settleDirectory(merging, entry, { fresh, found });
  const verdict = verdictOn(merging, entry, { fresh, found });
  counts[verdict] += countFiles(entry.staged, fresh);
  if (verdict === 'same' || verdict === 'kept') return undefined;
  if (verdict === 'replaced') return {};
  const names = namesIn(old.in.path);
  return { as: freeName(entry.name, rules.stamp, (name) => names.has(keyOf(name))).toString() };
}

function settleDirectory(merging: Merging, entry: Entry, pair: Pair): Settled {
  const { counts, rules } = merging;
  const staysNothing = rules.conflict === 'replace' && rules.deleteExtra;
  if (!staysNothing) assertNoAccessLists(at(entry.parent, entry.name));
  const before = { ...counts };
  mergeDirectory(merging, entry, pair);
  const isAnyNew = CHANGES.some((kind) => counts[kind] > before[kind]);
  return isAnyNew || rules.conflict === 'replace' ? {} : undefined;
}

const CHANGES = ['added', 'replaced', 'renamed', 'deleted'] as const;

interface Entry {
  readonly staged: Buffer;
  /** Directory of the old tree, held open: no link swapped in on the way leads anywhere else. */
  readonly parent: Anchor;
  readonly name: Buffer;
}

interface Pair {
  readonly fresh: BigIntStats;
  readonly found: BigIntStats;
}

function mergeDirectory(merging: Merging, { staged, parent, name }: Entry, { fresh, found }: Pair): void {
  using old = openOld(at(parent, name));
  const stagedNames = namesIn(staged);
  const oldNames = namesIn(old.path);
  const isTaken = (candidate: Buffer) => oldNames.has(keyOf(candidate)) || stagedNames.has(keyOf(candidate));
  const staysOld = merging.rules.conflict === 'keep' || merging.rules.conflict === 'rename';
  const isClosed = (fresh.mode & OWNER) !== OWNER;
  let isTouched = staysOld || isClosed;
  if (isClosed) chmodSync(staged, Number((fresh.mode & 0o7777n) | OWNER));
  for (const [key, each] of oldNames) {
    const entry = { staged: inside(staged, each), parent: old, name: each };
    const isChanged = stagedNames.has(key) ? mergeEntry(merging, entry, isTaken) : takeOver(merging, entry);
    isTouched ||= isChanged;
  }
  const added = [...stagedNames]
    .filter(([key]) => !oldNames.has(key))
    .map(([, each]) => inside(staged, each));
  merging.counts.added += added.reduce((sum, path) => sum + countFiles(path, statOf(path)), 0);
  if (isTouched) dress(staged, staysOld ? found : fresh);
}

const OWNER = 0o700n;

/** @returns whether the staged directory around it was changed */
function mergeEntry(merging: Merging, entry: Entry, isTaken: (name: Buffer) => boolean): boolean {
  const fresh = statOf(entry.staged);
  const found = statOf(at(entry.parent, entry.name));
  if (!found || !fresh) return false;
  if (fresh.isDirectory() && found.isDirectory()) {
    mergeDirectory(merging, entry, { fresh, found });
    return false;
  }
  const { rules } = merging;
  const verdict = verdictOn(merging, entry, { fresh, found });
  merging.counts[verdict] += countFiles(entry.staged, fresh);
  if (verdict === 'replaced') return false;
  if (verdict === 'renamed')
    moveEntry(entry.staged, sibling(entry, freeName(entry.name, rules.stamp, isTaken)));
  else merging.discard(entry.staged);
  link(entry, () => undefined);
  return true;
}

type Verdict = 'same' | 'kept' | 'renamed' | 'replaced';

function verdictOn(
  { rules, left }: Merging,
  entry: Entry,
  { fresh, found }: { fresh: BigIntStats | undefined; found: BigIntStats },
): Verdict {
  if (rules.conflict === 'keep') return 'kept';
  // Content of the snapshot is proven, that of a file here is not: so it is brought even if they look the same.
  if (rules.conflict === 'replace') return 'replaced';
  if (fresh && looksSame(entry, { found, fresh, mode: left.modeOf(fresh) })) return 'same';
  return rules.conflict === 'rename' ? 'renamed' : 'replaced';
}

/** By what a list of a snapshot tells, too: type, size, time and rights. */
function looksSame(
  { staged, parent, name }: Entry,
  { fresh, found, mode }: Pair & { mode: bigint },
): boolean {
  if (mode !== found.mode || fresh.isDirectory()) return false;
  if (fresh.isSymbolicLink()) {
    const options = { encoding: 'buffer' } as const;
    return readlinkSync(staged, options).equals(readlinkSync(at(parent, name), options));
  }
  const isSameOwner = fresh.uid === found.uid && fresh.gid === found.gid;
  const isSameContent = fresh.size === found.size && fresh.mtimeNs === found.mtimeNs;
  return isSameOwner && isSameContent && fresh.rdev === found.rdev;
}

/** @returns whether the staged directory was changed */
function takeOver({ base, left, counts, rules }: Merging, entry: Entry): boolean {
  if (left.has(entry.staged.subarray(Buffer.byteLength(base) + 1))) {
    const path = at(entry.parent, entry.name);
    if (rules.deleteExtra && statOf(path)?.isDirectory()) assertNoAccessLists(path);
    link(entry, () => (counts.kept += 1));
    return true;
  }
  if (rules.deleteExtra) counts.deleted += countOld(at(entry.parent, entry.name));
  else link(entry, () => (counts.extra += 1));
  return !rules.deleteExtra;
}

/** The old entry, under a second name in the staged tree. */
function link({ staged, parent, name }: Entry, onFile: () => void): void {
  const path = at(parent, name);
  const found = lstatSync(path, { bigint: true });
  if (!found.isDirectory()) {
    linkOld(path, staged);
    onFile();
    return;
  }
  using old = openOld(path);
  mkdirSync(staged, { mode: 0o700 });
  for (const each of namesIn(old.path).values())
    link({ staged: inside(staged, each), parent: old, name: each }, onFile);
  dress(staged, found);
}

function linkOld(path: Buffer, staged: Buffer): void {
  try {
    linkSync(path, staged);
  } catch (error) {
    throw cannotTakeOver(staged, error);
  }
}

function openOld(path: Buffer): Anchor {
  try {
    return openAnchor(path);
  } catch (error) {
    throw cannotTakeOver(path, error);
  }
}

function cannotTakeOver(path: Buffer, cause: unknown): AppError {
  const name = path.subarray(path.lastIndexOf(0x2f) + 1).toString();
  return new AppError('refused', `"${name}" of the target cannot be left where it is`, {
    field: 'target',
    hint: 'restore into a new directory instead; nothing was changed',
    cause,
  });
}

/** Rights, owner and times of a directory. An ordinary user cannot give it away, which changes nothing of theirs. */
function dress(path: Buffer, { uid, gid, mode, atimeNs, mtimeNs }: BigIntStats): void {
  const now = lstatSync(path, { bigint: true });
  if (now.uid !== uid || now.gid !== gid) {
    try {
      chownSync(path, Number(uid), Number(gid));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) throw error;
    }
  }
  chmodSync(path, Number(mode & 0o7777n));
  // As text: Node takes a number below zero, a time before 1970, for now.
  utimesSync(path, String(Number(atimeNs) / 1e9), String(Number(mtimeNs) / 1e9));
}

/** `letter (restored 20261120-181200).txt` */
function freeName(name: Buffer, stamp: string, isTaken: (name: Buffer) => boolean): Buffer {
  const dot = name.lastIndexOf(0x2e);
  const end = dot > 0 && name.length - dot <= 20 ? dot : name.length;
  for (let number = 1; ; number += 1) {
    const mark = Buffer.from(` (restored ${stamp}${number === 1 ? '' : ` ${number}`})`);
    // No name is longer than 255 bytes.
    const room = 255 - mark.length - (name.length - end);
    const stem = name.subarray(0, end <= room ? end : characterStart(name, room));
    const free = Buffer.concat([stem, mark, name.subarray(end)]);
    if (!isTaken(free)) return free;
  }
}

/** UTF-8 is not cut within a character: half of one is no text. */
function characterStart(name: Buffer, at: number): number {
  let start = at;
  while (start > 1 && ((name[start] ?? 0) & 0xc0) === 0x80) start -= 1;
  return start;
}

function countFiles(path: Buffer, found: BigIntStats | undefined): number {
  if (!found) return 0;
  if (!found.isDirectory()) return 1;
  return [...namesIn(path).values()].reduce((sum, name) => {
    const inner = inside(path, name);
    return sum + countFiles(inner, statOf(inner));
  }, 0);
}

function countOld(path: Buffer): number {
  if (!statOf(path)?.isDirectory()) return 1;
  using directory = openOld(path);
  return [...namesIn(directory.path).values()].reduce((sum, name) => sum + countOld(at(directory, name)), 0);
}

/** Names are bytes: they need not be valid text. */
function namesIn(directory: string | Buffer): Map<string, Buffer> {
  const names = readdirSync(directory, { encoding: 'buffer' });
  return new Map(names.map((name) => [keyOf(name), name]));
}

const keyOf = (name: Buffer) => name.toString('latin1');
const inside = (directory: Buffer, name: Buffer) => Buffer.concat([directory, Buffer.from('/'), name]);
const at = (directory: Anchor, name: Buffer) => inside(Buffer.from(directory.path), name);
const sibling = ({ staged }: Entry, name: Buffer) =>
  inside(staged.subarray(0, staged.lastIndexOf(0x2f)), name);

function statOf(path: Buffer): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false });
}
