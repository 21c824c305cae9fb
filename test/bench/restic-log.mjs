// A restic that keeps a list of its runs: how often it was started, when, and for how long.
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param restic the real one
 * @returns its `path`, and `take()`: the runs since the last call, `{startMs, durationMs, code, verb}` by wall clock
 */
export function loggingRestic(dir, restic) {
  const path = join(dir, 'logging-restic');
  const log = join(dir, 'restic-runs');
  // A clock of the shell's own: two starts of `date` would count as ours.
  // In the jail of a restore nothing can be written; such a run is not listed.
  const script = `#!/bin/bash
LC_ALL=C
start=$EPOCHREALTIME
"${restic}" "$@"
code=$?
(echo "$start $EPOCHREALTIME $code $*" >> "${log}") 2>/dev/null
exit $code
`;
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return { path, take: () => take(log) };
}

function take(log) {
  if (!existsSync(log)) return [];
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  rmSync(log);
  return lines.map((line) => {
    const [start, end, code, ...args] = line.split(' ');
    const startMs = Number(start) * 1e3;
    return { startMs, durationMs: Number(end) * 1e3 - startMs, code: Number(code), verb: verbOf(args) };
  });
}

/** Without the reads that fill the index of an earlier snapshot in the background: they are no part of a backup. */
export const ofBackup = (runs) => runs.filter(({ verb }) => verb !== 'ls');

const VERBS = [
  'backup',
  'restore',
  'init',
  'key',
  'cat',
  'ls',
  'snapshots',
  'unlock',
  'repair',
  'check',
  'version',
];
const verbOf = (args) => args.find((arg) => VERBS.includes(arg)) ?? args.join(' ');
