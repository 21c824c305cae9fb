import { lstatSync, renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as Type from 'typebox';
import { AppError } from '../../contract/errors.ts';
import type { HelperRequestOf, HelperResultOf } from '../../contract/helper-messages.ts';
import { parser } from '../../contract/schema.ts';
import type { Session } from '../session.ts';
import { readPrivateFile, syncDirectory } from '../state-files.ts';
import { descend, openAnchor, type Anchor } from './anchor.ts';
import { clearKept } from './clear-kept.ts';
import { moveEntry } from './move.ts';
import { parts, PATHS_END, UNDO_MANIFEST, type UndoManifest } from './place-paths.ts';
import { assertBelongs, dropPlaceRecord, writePlaceRecord } from './place-record.ts';
import { openTarget } from './target.ts';

const Manifest = Type.Object({ replaced: Type.Array(Type.String()), added: Type.Array(Type.String()) });

/**
 * Puts the tree back that an in-place restore kept. What the restore brought, and what was changed since, is kept beside
 * it under the name `<target>.restored-…`: nothing is deleted.
 * @throws AppError `not_found` when the kept tree is gone
 */
export async function undo(
  request: HelperRequestOf<'restore-undo'>,
  session: Session,
): Promise<HelperResultOf<'restore-undo'>> {
  const { target: path, undoPath, requestId } = request;
  assertBelongs(path, undoPath);
  using target = openTarget(session, path, true);
  const { parent, name } = target;
  const kept = basename(undoPath);
  const found = lstatSync(parent.at(kept), { throwIfNoEntry: false });
  // A link is never kept: no restore replaces one.
  if (!found || found.isSymbolicLink()) {
    throw new AppError('not_found', `${undoPath} is not there any more, so the restore cannot be undone`);
  }
  const aside = `${name}.restored-${requestId.slice(0, 8)}`;
  // A kill on the way is put right by the next helper.
  writePlaceRecord(session, { requestId, target: path, undoPath });
  try {
    // By its name: what lies in a whole tree is not ours, and may look like a list.
    if (kept.endsWith(PATHS_END)) undoPaths({ parent, name, kept, aside });
    else undoTree({ parent, name, kept, aside });
    syncDirectory(parent.path);
  } finally {
    dropPlaceRecord(session, requestId);
  }
  session.output.log('info', `undone; what the restore brought is kept as ${join(dirname(path), aside)}`);
  return { asidePath: join(dirname(path), aside) };
}

interface Names {
  readonly parent: Anchor;
  readonly name: string;
  readonly kept: string;
  readonly aside: string;
}

function undoTree({ parent, name, kept, aside }: Names): void {
  const exists = lstatSync(parent.at(name), { throwIfNoEntry: false }) !== undefined;
  if (exists) renameSync(parent.at(name), parent.at(aside));
  try {
    renameSync(parent.at(kept), parent.at(name));
  } catch (error) {
    if (exists) renameSync(parent.at(aside), parent.at(name));
    throw error;
  }
}

export function undoPaths({ parent, name, kept, aside }: Names): void {
  using old = openAnchor(parent.at(kept));
  const { replaced, added } = readManifest(old);
  using current = openAnchor(parent.at(name));
  using away = descend(parent, [aside], true);
  for (const way of added) move(current, away, way);
  for (const way of replaced) {
    // Not there: the restore, or an undo before this one, was killed before or after it came to this path.
    if (!lstatSync(join(old.path, way), { throwIfNoEntry: false })) continue;
    move(current, away, way);
    move(old, current, way);
  }
  clearKept(parent, kept, UNDO_MANIFEST);
}

function move(from: Anchor, to: Anchor, way: string): void {
  const folders = parts(dirname(way));
  using source = descend(from, folders, true);
  using place = descend(to, folders, true);
  const entry = basename(way);
  // Removed by a person since: then there is nothing to set aside.
  if (lstatSync(source.at(entry), { throwIfNoEntry: false })) moveEntry(source.at(entry), place.at(entry));
}

/** @throws AppError `integrity` when it cannot be read, or names a path that is not below the target */
export function readManifest(kept: Anchor): UndoManifest {
  try {
    const manifest: unknown = JSON.parse(readPrivateFile(kept.at(UNDO_MANIFEST)).toString('utf8'));
    const { replaced, added } = parser(Manifest).parse(manifest, 'undo list');
    if ([...replaced, ...added].every((way) => !way.split('/').includes('..'))) return { replaced, added };
    throw new Error('it names a path that is not below the target');
  } catch (cause) {
    throw new AppError('integrity', 'the list of what the restore replaced cannot be read', {
      hint: 'put the files back by hand; nothing was changed',
      cause,
    });
  }
}
