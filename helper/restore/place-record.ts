import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as Type from 'typebox';
import type { Static } from 'typebox';
import { AppError } from '../../contract/errors.ts';
import type { HelperResultOf } from '../../contract/helper-messages.ts';
import { parser, Uuid } from '../../contract/schema.ts';
import { startTicks } from '../engine/run-file.ts';
import type { Session } from '../session.ts';
import { createPrivateFileSync, readPrivateFile, syncDirectory } from '../state-files.ts';
import { moveEntry } from './move.ts';
import { openTarget } from './target.ts';

const Record = Type.Object({
  requestId: Uuid,
  target: Type.String({ pattern: '^/' }),
  undoPath: Type.String({ pattern: '^/' }),
  pid: Type.Integer(),
  /** With the pid it names one process for ever. */
  startTicks: Type.Integer(),
});
type PlaceRecord = Static<typeof Record>;
const recordParser = parser(Record);

/** What a restore does in place is on disk before it does it, so that the next helper can finish after a kill. */
export function writePlaceRecord(
  session: Session,
  what: Pick<PlaceRecord, 'requestId' | 'target' | 'undoPath'>,
): void {
  const record: PlaceRecord = { ...what, pid: process.pid, startTicks: startTicks(process.pid) ?? 0 };
  dropPlaceRecord(session, what.requestId);
  createPrivateFileSync(pathOf(session, what.requestId), JSON.stringify(record));
}

export function dropPlaceRecord(session: Session, requestId: string): void {
  rmSync(pathOf(session, requestId), { force: true });
}

/**
 * Looks at each restore that was killed while it placed files. Where it had moved the old tree away and not yet brought
 * the new one, the old one goes back.
 */
export function recoverPlacing(session: Session): HelperResultOf<'restore-recover'> {
  const directory = folder(session);
  if (!existsSync(directory)) return [];
  return readdirSync(directory).flatMap((name) => {
    const record = readRecord(join(directory, name));
    // A live one is not ours to finish.
    if (!record || startTicks(record.pid) === record.startTicks) return [];
    const found = finish(session, record);
    return found === undefined ? [] : [found];
  });
}

function finish(
  session: Session,
  record: PlaceRecord,
): HelperResultOf<'restore-recover'>[number] | undefined {
  const { requestId, target, undoPath } = record;
  try {
    const putBack = putBackWhole(session, record);
    const isKept = lstatSync(undoPath, { throwIfNoEntry: false }) !== undefined;
    dropPlaceRecord(session, requestId);
    return { requestId, target, putBack, ...(isKept && { undoPath }) };
  } catch (error) {
    // The record stays: the next helper tries again.
    const reason = error instanceof Error ? error.message : String(error);
    session.output.log('warn', `${undoPath} could not be put back as ${target}: ${reason}`);
    return undefined;
  }
}

/** @returns whether the old tree was away and is back */
function putBackWhole(session: Session, { target: path, undoPath }: PlaceRecord): boolean {
  assertBelongs(path, undoPath);
  using target = openTarget(session, path, true);
  const { parent, name } = target;
  const kept = basename(undoPath);
  const isThere = (entry: string) => lstatSync(parent.at(entry), { throwIfNoEntry: false }) !== undefined;
  if (isThere(name) || !isThere(kept)) return false;
  moveEntry(parent.at(kept), parent.at(name));
  syncDirectory(parent.path);
  session.output.log('info', `a restore was killed; ${path} is back as it was`);
  return true;
}

/** @throws AppError `invalid_input` when the one cannot be the kept tree of the other */
export function assertBelongs(target: string, undoPath: string): void {
  const isBeside = dirname(undoPath) === dirname(target);
  if (isBeside && basename(undoPath).startsWith(`${basename(target)}.before-restore-`)) return;
  throw new AppError('invalid_input', `${undoPath} is not a tree kept by a restore to ${target}`, {
    field: 'undoPath',
  });
}

function readRecord(path: string): PlaceRecord | undefined {
  try {
    return recordParser.parse(JSON.parse(readPrivateFile(path).toString('utf8')), 'place record');
  } catch {
    // Half written: the restore was killed before it moved anything. Or the one who wrote it has just ended.
    rmSync(path, { force: true });
    return undefined;
  }
}

const folder = ({ stateDir }: Session) => join(stateDir, 'run', 'placing');
const pathOf = (session: Session, requestId: string) => join(folder(session), `${requestId}.json`);
