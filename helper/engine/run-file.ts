import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Session } from '../session.ts';
import { makePrivateDirectory } from '../state-files.ts';

/** What is known of a helper from outside while its restic runs: enough to find, adopt or end it. */
export interface RunRecord {
  readonly pid: number;
  /** Start of the process in clock ticks since boot: with the pid it names one process for ever. */
  readonly startTicks: number;
  readonly resticPid: number;
  readonly resticStartTicks: number;
  readonly verb: string;
  readonly repositoryAddress: string;
}

/** Writes `<state-dir>/run/helpers/<pid>.json`; answers with the way to remove it. */
export function writeRunFile(
  session: Session,
  run: Pick<RunRecord, 'resticPid' | 'verb' | 'repositoryAddress'>,
): () => void {
  const path = join(makePrivateDirectory(folder(session)), `${process.pid}.json`);
  const record: RunRecord = {
    ...run,
    pid: process.pid,
    startTicks: startTicks(process.pid) ?? 0,
    resticStartTicks: startTicks(run.resticPid) ?? 0,
  };
  writeFileSync(path, JSON.stringify(record), { mode: 0o600 });
  return () => rmSync(path, { force: true });
}

/** Other restic processes of this state directory that are alive; files of dead ones are removed. */
export function liveRuns(session: Session): RunRecord[] {
  return runFiles(session).flatMap((path) => {
    const run = readRecord(path);
    if (run && startTicks(run.resticPid) === run.resticStartTicks) return [run];
    rmSync(path, { force: true });
    return [];
  });
}

function runFiles(session: Session): string[] {
  const directory = makePrivateDirectory(folder(session));
  return readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(directory, name));
}

function readRecord(path: string): RunRecord | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as RunRecord;
  } catch {
    // Half written by a helper that died, or removed by one that ended: no run either way.
    return undefined;
  }
}

/** Field 22 of `/proc/PID/stat`; undefined when there is no such process, or it is a zombie. */
export function startTicks(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : Number(fields[19]);
  } catch {
    // The process is gone.
    return undefined;
  }
}

const folder = ({ stateDir }: Session) => join(stateDir, 'run', 'helpers');
