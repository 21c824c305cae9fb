import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SeenProcess {
  readonly pid: number;
  readonly commandLine: string;
}

/** Processes that work for a state directory: its path is in their command line or environment. Zombies are none. */
export function processesOf(stateDir: string): SeenProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const commandLine = readProc(name, 'cmdline').replaceAll('\0', ' ').trim();
      const isOurs = commandLine.includes(stateDir) || readProc(name, 'environ').includes(stateDir);
      return commandLine !== '' && isOurs ? [{ pid: Number(name), commandLine }] : [];
    });
}

function readProc(pid: string, file: string): string {
  try {
    return readFileSync(join('/proc', pid, file), 'utf8');
  } catch {
    // It has ended, or it belongs to another user and then not to the test.
    return '';
  }
}

export interface HelperRun {
  readonly pid: number;
  readonly resticPid: number;
  readonly verb: string;
}

/** The run files of helpers whose restic runs, or that were killed. */
export function helperRuns(stateDir: string): HelperRun[] {
  const directory = join(stateDir, 'run', 'helpers');
  return namesIn(directory).flatMap((name) => {
    try {
      return [JSON.parse(readFileSync(join(directory, name), 'utf8')) as HelperRun];
    } catch {
      // Removed since the look, or not yet written to its end.
      return [];
    }
  });
}

export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // never made
  }
}
