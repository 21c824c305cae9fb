import { existsSync, fstatSync, lstatSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as Type from 'typebox';
import type { Static } from 'typebox';
import { closed, EpochMs, parser, ResticId, Uuid } from '../../contract/schema.ts';
import { startTicks } from '../engine/run-file.ts';
import type { Session } from '../session.ts';
import { createPrivateFileSync, readPrivateFile } from '../state-files.ts';
import { isPrivate, openAnchor, type Anchor } from './anchor.ts';

/**
 * Names one directory of a file system for ever: the owner of its parent may rename it, or give its name to another one.
 * Not by the number of the device, which may be another after a reboot.
 */
const Identity = closed({ ino: Type.String(), birthNs: Type.String() });
export type Identity = Static<typeof Identity>;

const Record = closed({
  requestId: Uuid,
  snapshotId: ResticId,
  target: Type.String({ pattern: '^/' }),
  /** Of all that decides what lies in the directory. */
  digest: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  path: Type.String({ pattern: '^/' }),
  identity: Identity,
  startedAt: EpochMs,
  /** Until when the restore may go on without another password; absent: never, the password was typed for one run. */
  permittedUntil: Type.Optional(EpochMs),
  bootId: Type.String(),
  pid: Type.Integer(),
  startTicks: Type.Integer(),
});
/** What a restore has fetched so far, and where: enough to go on after a kill, and to clear away what nobody wants. */
export type StagingRecord = Static<typeof Record>;
const recordParser = parser(Record);

export type NewStagingRecord = Omit<StagingRecord, 'bootId' | 'pid' | 'startTicks'>;

/** On disk before the first byte is fetched; there is always the old one or the new one. */
export function writeStagingRecord(session: Session, what: NewStagingRecord): void {
  const { pid } = process;
  const record: StagingRecord = { ...what, bootId: bootId(), pid, startTicks: startTicks(pid) ?? 0 };
  const path = pathOf(session, what.requestId);
  rmSync(`${path}.new`, { force: true });
  createPrivateFileSync(`${path}.new`, JSON.stringify(record));
  renameSync(`${path}.new`, path);
}

export function dropStagingRecord(session: Session, requestId: string): void {
  rmSync(pathOf(session, requestId), { force: true });
}

/** @returns undefined when there is none, or only half of one: then nothing was fetched yet */
export function readStagingRecord(session: Session, requestId: string): StagingRecord | undefined {
  try {
    return recordParser.parse(
      JSON.parse(readPrivateFile(pathOf(session, requestId)).toString('utf8')),
      'record',
    );
  } catch {
    return undefined;
  }
}

export function stagingRecords(session: Session): StagingRecord[] {
  const directory = folder(session);
  if (!existsSync(directory)) return [];
  return readdirSync(directory).flatMap((name) => {
    const requestId = name.replace(/\.json$/, '');
    const record = readStagingRecord(session, requestId);
    if (record?.requestId === requestId) return [record];
    rmSync(join(directory, name), { force: true });
    return [];
  });
}

/** The helper that wrote it still works, and it is not this one. */
export const isAtWork = (record: StagingRecord): boolean =>
  record.bootId === bootId() && record.pid !== process.pid && startTicks(record.pid) === record.startTicks;

/** Ticks are counted from the boot: after another one they name nothing. */
const bootId = () => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();

export function identityOf({ fd }: Anchor): Identity {
  const { ino, birthtimeNs } = fstatSync(fd, { bigint: true });
  return { ino: String(ino), birthNs: String(birthtimeNs) };
}

/** @returns undefined when it is not the directory of the record, whatever its name */
export function openRecorded(path: string, { identity }: StagingRecord): Anchor | undefined {
  let anchor: Anchor;
  try {
    anchor = openAnchor(path);
  } catch {
    // Gone, or something else has its name.
    return undefined;
  }
  const found = identityOf(anchor);
  const isSame = found.ino === identity.ino && found.birthNs === identity.birthNs;
  if (isSame && !isMounted(anchor) && isPrivate(anchor)) return anchor;
  anchor[Symbol.dispose]();
  return undefined;
}

/** A file system that somebody mounted over it may say any number and time. */
const isMounted = ({ fd, path }: Anchor): boolean => fstatSync(fd).dev !== lstatSync(`${path}/..`).dev;

const folder = ({ stateDir }: Session) => join(stateDir, 'run', 'staged');
const pathOf = (session: Session, requestId: string) => join(folder(session), `${requestId}.json`);
