import { lstatSync, mkdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { createPrivateFileSync, syncDirectory } from '../state-files.ts';
import { descend, openAnchor, type Anchor } from './anchor.ts';
import { clearKept } from './clear-kept.ts';
import { moveEntry, moveNew } from './move.ts';
import { settle, type Merging } from './place-merge.ts';
import type { Placing } from './placing.ts';
import { isInside, rootNames, type Selection } from './selection.ts';

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
 * Some paths of a tree that stays: each old one moves into the kept tree, each new one takes its place. What is to move
 * is written down first, so that a restore that is killed on the way can be undone too.
 */
export function placePaths(placing: Placing, merging: Merging, staged: string): string | undefined {
  const { target, stamp, onKeep } = placing;
  using current = openAnchor(target.parent.at(target.name));
  using fresh = openAnchor(staged);
  const steps = waysOf(placing.selection)
    .filter((way) => has(fresh, way))
    .flatMap((way) => settleWay({ ...merging, base: fresh.path }, { fresh, current }, way));
  if (steps.length === 0) return undefined;
  const kept = `${target.name}.before-restore-${stamp}${PATHS_END}`;
  const undoPath = join(dirname(target.path), kept);
  onKeep(undoPath);
  mkdirSync(target.parent.at(kept), { mode: 0o700 });
  using old = openAnchor(target.parent.at(kept));
  const ways = steps.map(({ to }) => to);
  const isThere = (way: string) => has(current, way);
  const manifest = { replaced: ways.filter(isThere), added: ways.filter((way) => !isThere(way)) };
  const undone: (() => void)[] = [];
  try {
    createPrivateFileSync(old.at(UNDO_MANIFEST), JSON.stringify(manifest satisfies UndoManifest));
    syncDirectory(target.parent.path);
    for (const step of steps) movePath({ old, current, fresh, undone }, step);
  } catch (error) {
    takeBack(undone, undoPath);
    // All is back where it was: what is left here are the list and empty directories.
    clearKept(target.parent, kept, UNDO_MANIFEST);
    throw error;
  }
  for (const anchor of [old, current, target.parent]) syncDirectory(anchor.path);
  return undoPath;
}

/** The included paths as they lie below the target. */
function waysOf({ roots, include }: Selection): string[] {
  const [root = '/', second] = roots;
  if (second === undefined) return include.map((path) => relative(root, path));
  const names = rootNames(roots);
  return include.flatMap((path) => {
    const owner = roots.find((each) => isInside(path, each));
    return owner === undefined ? [] : [join(names.get(owner) ?? '', relative(owner, path))];
  });
}

interface Step {
  readonly from: string;
  /** Another name than in the snapshot, where the old file stays. */
  readonly to: string;
}

function settleWay(
  merging: Merging,
  { fresh, current }: { fresh: Anchor; current: Anchor },
  way: string,
): Step[] {
  const name = way.slice(way.lastIndexOf('/') + 1);
  const folder = dirname(way);
  using holder = has(current, folder) ? descend(current, parts(folder), false) : undefined;
  const settled = settle(merging, join(fresh.path, way), holder && { in: holder, name });
  if (!settled) return [];
  return [{ from: way, to: settled.as === undefined ? way : join(folder, settled.as) }];
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

function movePath({ old, current, fresh, undone }: Trees, step: Step): void {
  const [source, place] = [placeOf(step.from), placeOf(step.to)];
  using from = descend(fresh, source.folders, false);
  using to = descend(current, place.folders, true);
  const at = to.at(place.name);
  if (lstatSync(at, { throwIfNoEntry: false })) {
    using shelf = descend(old, place.folders, true);
    moveEntry(at, shelf.at(place.name));
    undone.push(() => putBack([old, place], [current, place]));
  }
  moveNew(from.at(source.name), at);
  undone.push(() => putBack([current, place], [fresh, source]));
}

interface PathParts {
  readonly folders: readonly string[];
  readonly name: string;
}

const placeOf = (way: string): PathParts => ({
  folders: parts(dirname(way)),
  name: way.slice(way.lastIndexOf('/') + 1),
});

/** Opens the way again: the directories of the step are closed by the time it is taken back. */
function putBack([source, at]: [Anchor, PathParts], [aim, place]: [Anchor, PathParts]): void {
  using from = descend(source, at.folders, false);
  using to = descend(aim, place.folders, false);
  moveEntry(from.at(at.name), to.at(place.name));
}

export const parts = (path: string): string[] =>
  path.split('/').filter((part) => part !== '' && part !== '.');
