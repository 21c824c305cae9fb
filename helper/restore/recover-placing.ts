import { lstatSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { HelperResultOf } from '../../contract/helper-messages.ts';
import type { Session } from '../session.ts';
import { syncDirectory } from '../state-files.ts';
import { openAnchor, type Anchor } from './anchor.ts';
import { clearKept } from './clear-kept.ts';
import { moveEntry } from './move.ts';
import { PATHS_END, UNDO_MANIFEST, type UndoManifest } from './place-paths.ts';
import { assertBelongs, dropPlaceRecord, recordsOfKilled, type PlaceRecord } from './place-record.ts';
import { openTarget } from './target.ts';
import { readManifest, undoPaths } from './undo.ts';

/**
 * Looks at each restore that was killed while it placed files, and at each undo. Where not all of the new tree is there,
 * the old one goes back: afterwards the one or the other is whole.
 */
export function recoverPlacing(session: Session): HelperResultOf<'restore-recover'> {
  return recordsOfKilled(session).flatMap((record) => {
    const found = finish(session, record);
    return found === undefined ? [] : [found];
  });
}

function finish(
  session: Session,
  record: PlaceRecord,
): HelperResultOf<'restore-recover'>[number] | undefined {
  const { requestId, target: path, undoPath } = record;
  try {
    assertBelongs(path, undoPath);
    using target = openTarget(session, path, true);
    const { parent, name } = target;
    const kept = basename(undoPath);
    const killed = { session, record, parent, name, kept };
    const { putBack, asidePath } = has(parent.at(kept)) ? putBackFrom(killed) : NOT_AWAY;
    if (putBack) session.output.log('info', `a restore was killed; ${path} is back as it was`);
    syncDirectory(parent.path);
    const isKept = has(parent.at(kept));
    dropPlaceRecord(session, requestId);
    return {
      requestId,
      target: path,
      putBack,
      ...(isKept && { undoPath }),
      ...(asidePath !== undefined && { asidePath }),
    };
  } catch (error) {
    // The record stays: the next helper tries again.
    const reason = error instanceof Error ? error.message : String(error);
    session.output.log('warn', `${undoPath} could not be put back as ${path}: ${reason}`);
    return undefined;
  }
}

interface Killed {
  readonly session: Session;
  readonly record: PlaceRecord;
  readonly parent: Anchor;
  readonly name: string;
  readonly kept: string;
}

interface PutBack {
  /** Old files were away and are back. */
  readonly putBack: boolean;
  /** Where that is what the killed restore had brought. */
  readonly asidePath?: string;
}
const NOT_AWAY: PutBack = { putBack: false };

function putBackFrom(killed: Killed): PutBack {
  const { parent, name, kept } = killed;
  // By its name: what lies in a whole tree is not ours.
  if (kept.endsWith(PATHS_END)) return putBackPaths(killed);
  if (has(parent.at(name))) return NOT_AWAY;
  moveEntry(parent.at(kept), parent.at(name));
  return { putBack: true };
}

function putBackPaths({ session, record, parent, name, kept }: Killed): PutBack {
  const far = howFar(parent, name, kept);
  if (far === 'done') return NOT_AWAY;
  if (far === 'not begun') {
    clearKept(parent, kept, UNDO_MANIFEST);
    return NOT_AWAY;
  }
  const aside = `${name}.restored-${record.requestId.slice(0, 8)}`;
  undoPaths({ parent, name, kept, aside });
  const asidePath = join(dirname(record.target), aside);
  session.output.log('info', `what the killed restore had brought is kept as ${asidePath}`);
  return { putBack: true, asidePath };
}

function howFar(parent: Anchor, name: string, kept: string): 'not begun' | 'begun' | 'done' {
  using old = openAnchor(parent.at(kept));
  const list = readList(old);
  if (!list) return 'not begun';
  const { replaced, added } = list;
  using current = openAnchor(parent.at(name));
  const isThere = (tree: Anchor) => (way: string) => has(join(tree.path, way));
  const away = replaced.filter(isThere(old));
  const brought = added.filter(isThere(current));
  if (away.length + brought.length === 0) return 'not begun';
  const isAll = away.length === replaced.length && brought.length === added.length;
  return isAll && replaced.every(isThere(current)) ? 'done' : 'begun';
}

/** @returns undefined when it was not written to its end: nothing moves before it is on disk */
function readList(old: Anchor): UndoManifest | undefined {
  try {
    return readManifest(old);
  } catch (error) {
    if (readdirSync(old.path).every((name) => name === UNDO_MANIFEST)) return undefined;
    throw error;
  }
}

const has = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
