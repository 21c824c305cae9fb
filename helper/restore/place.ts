import { lstatSync, mkdirSync, renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { syncDirectory } from '../state-files.ts';
import { moveEntry, moveNew } from './move.ts';
import { noFiles, settle, type Merging } from './place-merge.ts';
import { refuseMounts } from './place-mounts.ts';
import { placePaths } from './place-paths.ts';
import type { Placing } from './placing.ts';
import { rootNames } from './selection.ts';
import { leftBehind } from './left-behind.ts';

export type { Placing } from './placing.ts';

/**
 * Moves the staged tree to its target by rename.
 * @returns the path where the old tree is kept, if there was one
 * @throws AppError after it has put back what it moved; where that failed too, the kept tree is still there
 */
export function place(placing: Placing): string | undefined {
  const { parent, name } = placing.target;
  const exists = lstatSync(parent.at(name), { throwIfNoEntry: false }) !== undefined;
  if (placing.inPlace && exists) return placeOver(placing);
  moveNew(stagedPath(placing, placing.staging.at('content')), parent.at(name));
  syncDirectory(parent.path);
  return undefined;
}

/** One root is the target itself; several are gathered in a directory first. */
function stagedPath({ staging, selection }: Placing, content: string): string {
  const { roots } = selection;
  if (roots.length === 1) return assertThere(join(content, roots[0] ?? '/'), roots[0] ?? '/');
  mkdirSync(staging.at('gathered'), { recursive: true, mode: 0o700 });
  const gathered = join(staging.at('gathered'), 'roots');
  mkdirSync(gathered, { mode: 0o755 });
  for (const [root, name] of rootNames(roots)) {
    if (lstatSync(join(content, root), { throwIfNoEntry: false }))
      moveEntry(join(content, root), join(gathered, name));
  }
  return gathered;
}

/**
 * What was fetched gets another name first: merged with the target it holds second names of old files, and a restore
 * that goes on after a kill would write into them.
 */
function placeOver(placing: Placing): string | undefined {
  const { staging, target, selection } = placing;
  const real = `${target.parent.path}/${target.name}`;
  mkdirSync(staging.at('gathered'), { mode: 0o700 });
  const content = join(staging.at('gathered'), 'content');
  moveEntry(staging.at('content'), content);
  const staged = stagedPath(placing, content);
  refuseMounts(real, target.path);
  const merging = mergingOf(placing, staged);
  try {
    const undoPath = selection.isPartial
      ? placePaths(placing, merging, staged)
      : placeWhole(placing, merging, staged);
    placing.onMerged?.(merging.counts);
    return undoPath;
  } catch (error) {
    throw isFull(error) ? noRoom(error) : notMoved(error, target.path);
  }
}

function mergingOf(
  { staging, selection, conflict = 'replace', deleteExtra = false, stamp, left }: Placing,
  base: string,
): Merging {
  let discarded = 0;
  return {
    base,
    left: leftBehind(left, selection),
    rules: { conflict, deleteExtra, stamp },
    counts: noFiles(),
    discard: (staged) => moveEntry(staged, join(staging.at('gathered'), `unwanted-${(discarded += 1)}`)),
  };
}

function placeWhole(placing: Placing, merging: Merging, staged: string): string | undefined {
  const { parent, name } = placing.target;
  const settled = settle(merging, staged, { in: parent, name });
  if (settled && settled.as === undefined) return exchange(placing, staged);
  if (settled?.as !== undefined) moveNew(staged, parent.at(settled.as));
  syncDirectory(parent.path);
  return undefined;
}

const isFull = (error: unknown) =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');

/** Whatever had moved is back by then: who could not say so has thrown in words. */
function notMoved(error: unknown, target: string): unknown {
  if (error instanceof AppError || !(error instanceof Error) || !('code' in error)) return error;
  const path = 'path' in error && typeof error.path === 'string' ? basename(error.path) : 'a file';
  const why = REASONS[String(error.code)] ?? error.message;
  return new AppError('failed', `${path} in ${target} could not be replaced: ${why}`, {
    hint: 'all files there are as they were; `lsattr` and `ls -l` tell more of it',
    retry: 'after_action',
    cause: error,
  });
}

const REASONS: Readonly<Record<string, string>> = {
  EPERM: 'it may not be moved (it may be marked as immutable)',
  EACCES: 'the agent has no right to',
  EROFS: 'the disk is read-only',
  EBUSY: 'it is in use',
};

const noRoom = (cause: unknown) =>
  new AppError('no_space', 'the disk of the target became full while files were put in place', {
    hint: 'free some space, or choose a target on another disk; your files were not touched',
    retry: 'after_action',
    cause,
  });

function assertThere(path: string, root: string): string {
  if (lstatSync(path, { throwIfNoEntry: false })) return path;
  throw new AppError('not_found', `the snapshot has no ${root}`, {
    hint: 'look at `olares-backup snapshot ls`',
  });
}

function exchange({ target, stamp, onKeep }: Placing, staged: string): string {
  const { parent, name, path } = target;
  const kept = `${name}.before-restore-${stamp}`;
  onKeep(join(dirname(path), kept));
  renameSync(parent.at(name), parent.at(kept));
  try {
    moveNew(staged, parent.at(name));
  } catch (error) {
    renameSync(parent.at(kept), parent.at(name));
    throw error;
  }
  syncDirectory(parent.path);
  return join(dirname(path), kept);
}
