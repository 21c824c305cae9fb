import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as Type from 'typebox';
import type { Static } from 'typebox';
import { AppError } from '../../contract/errors.ts';
import { parser, Uuid } from '../../contract/schema.ts';
import { startTicks } from '../engine/run-file.ts';
import type { Session } from '../session.ts';
import { createPrivateFileSync, readPrivateFile } from '../state-files.ts';

const Record = Type.Object({
  requestId: Uuid,
  target: Type.String({ pattern: '^/' }),
  undoPath: Type.String({ pattern: '^/' }),
  pid: Type.Integer(),
  /** With the pid it names one process for ever. */
  startTicks: Type.Integer(),
});
export type PlaceRecord = Static<typeof Record>;
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

/** Those whose restore was killed; a live one is not ours to finish. */
export function recordsOfKilled(session: Session): PlaceRecord[] {
  const directory = folder(session);
  if (!existsSync(directory)) return [];
  return readdirSync(directory).flatMap((name) => {
    const record = readRecord(join(directory, name));
    return !record || startTicks(record.pid) === record.startTicks ? [] : [record];
  });
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
