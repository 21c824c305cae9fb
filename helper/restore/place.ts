import { linkSync, lstatSync, mkdirSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { createPrivateFileSync, syncDirectory } from '../state-files.ts';
import { descend, openAnchor, type Anchor } from './anchor.ts';
import { moveEntry } from './move.ts';
import { rootNames, type Selection } from './selection.ts';
import type { Target } from './target.ts';

export interface Placing {
  readonly staging: Anchor;
  readonly target: Target;
  readonly selection: Selection;
  readonly inPlace: boolean;
  /** End of the name of the kept tree, e.g. `20261120-181200`. */
  readonly stamp: string;
  /** Called with the path of the kept tree before the first old file moves there. */
  readonly onKeep: (undoPath: string) => void;
}

export interface UndoManifest {
  /** Paths below the target that the kept tree holds the old version of. */
  readonly replaced: string[];
  /** Paths that were not there before. */
  readonly added: string[];
}
export const UNDO_MANIFEST = '.olares-undo.json';
/** End of the name of a kept tree that holds paths of the target, and not all of it. */
export const PATHS_END = '-paths';

/**
 * Moves the staged tree to its target by rename.
 * @returns the path where the old tree is kept, if there was one
 * @throws AppError after it has put back what it moved; where that failed too, the kept tree is still there
 */
export function place(placing: Placing): string | undefined {
  const staged = stagedPath(placing);
  const { parent, name } = placing.target;
  const exists = lstatSync(parent.at(name), { throwIfNoEntry: false }) !== undefined;
  if (!placing.inPlace || !exists) {
    moveNew(staged, parent.at(name));
    syncDirectory(parent.path);
    return undefined;
  }
  return placing.selection.isPartial ? placePaths(placing) : exchange(placing, staged);
}

/** One root is the target itself; several are gathered in a directory first. */
function stagedPath({ staging, selection }: Placing): string {
  const { roots } = selection;
  const content = staging.at('content');
  if (roots.length === 1) return assertThere(join(content, roots[0] ?? '/'), roots[0] ?? '/');
  const gathered = staging.at('gathered');
  mkdirSync(gathered, { mode: 0o755 });
  for (const [root, name] of rootNames(roots)) {
    if (lstatSync(join(content, root), { throwIfNoEntry: false }))
      moveEntry(join(content, root), join(gathered, name));
  }
  return gathered;
}

function assertThere(path: string, root: string): string {
  if (lstatSync(path, { throwIfNoEntry: false })) return path;
  throw new AppError('not_found', `the snapshot has no ${root}`, {
    hint: 'look at `olares-backup snapshot ls`',
  });
}

/** Never replaces anything but an empty directory, also when it appeared a moment ago. */
function moveNew(from: string, to: string): void {
  try {
    if (lstatSync(from).isDirectory()) return moveEntry(from, to);
    linkSync(from, to);
    unlinkSync(from);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOTDIR') throw error;
    throw new AppError('conflict', 'the target appeared while the restore ran; it was not touched', {
      field: 'target',
      hint: 'choose another target',
      cause: error,
    });
  }
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

/**
 * Some paths of a tree that stays: each old one moves into the kept tree, each new one takes its place. What is to move
 * is written down first, so that a restore that is killed on the way can be undone too.
 */
function placePaths({ staging, target, selection, stamp, onKeep }: Placing): string {
  const kept = `${target.name}.before-restore-${stamp}${PATHS_END}`;
  const undoPath = join(dirname(target.path), kept);
  onKeep(undoPath);
  mkdirSync(target.parent.at(kept), { mode: 0o700 });
  using old = openAnchor(target.parent.at(kept));
  using current = openAnchor(target.parent.at(target.name));
  const root = selection.roots[0] ?? '/';
  using fresh = descend(staging, ['content', ...parts(root)], false);
  const ways = selection.include.map((path) => relative(root, path)).filter((way) => has(fresh, way));
  const isThere = (way: string) => has(current, way);
  const manifest = { replaced: ways.filter(isThere), added: ways.filter((way) => !isThere(way)) };
  const undone: (() => void)[] = [];
  try {
    createPrivateFileSync(old.at(UNDO_MANIFEST), JSON.stringify(manifest satisfies UndoManifest));
    syncDirectory(target.parent.path);
    for (const way of ways) movePath({ old, current, fresh, undone }, way);
  } catch (error) {
    takeBack(undone, undoPath);
    // All is back where it was: what is left here are the list and empty directories.
    rmSync(target.parent.at(kept), { recursive: true });
    throw error;
  }
  for (const anchor of [old, current, target.parent]) syncDirectory(anchor.path);
  return undoPath;
}

/** @throws AppError when a step fails, after all others were tried */
function takeBack(undone: readonly (() => void)[], undoPath: string): void {
  const faults = undone.toReversed().flatMap((step) => {
    try {
      step();
      return [];
    } catch (error) {
      return [error];
    }
  });
  if (faults.length === 0) return;
  throw new AppError('failed', `the restore failed, and not all that it had moved could be put back`, {
    hint: `the old files that are missing are in ${undoPath}`,
    cause: faults[0],
  });
}

const has = (tree: Anchor, way: string) =>
  lstatSync(join(tree.path, way), { throwIfNoEntry: false }) !== undefined;

interface Trees {
  readonly old: Anchor;
  readonly current: Anchor;
  readonly fresh: Anchor;
  /** How to take back each step done so far. */
  readonly undone: (() => void)[];
}

function movePath({ old, current, fresh, undone }: Trees, way: string): void {
  const folders = parts(dirname(way));
  const name = way.slice(way.lastIndexOf('/') + 1);
  using source = descend(fresh, folders, false);
  using place = descend(current, folders, true);
  const from = source.at(name);
  const at = place.at(name);
  if (lstatSync(at, { throwIfNoEntry: false })) {
    using shelf = descend(old, folders, true);
    moveEntry(at, shelf.at(name));
    undone.push(() => putBack({ from: old, to: current }, folders, name));
  }
  moveNew(from, at);
  undone.push(() => putBack({ from: current, to: fresh }, folders, name));
}

/** Opens the way again: the directories of the step are closed by the time it is taken back. */
function putBack(trees: { from: Anchor; to: Anchor }, folders: readonly string[], name: string): void {
  using from = descend(trees.from, folders, false);
  using to = descend(trees.to, folders, false);
  moveEntry(from.at(name), to.at(name));
}

export const parts = (path: string): string[] =>
  path.split('/').filter((part) => part !== '' && part !== '.');
