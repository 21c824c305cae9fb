import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Log } from '../base/log.ts';
import type { HelperProcess, Launcher } from './engine.ts';
import { readLines } from './line-reader.ts';

const MAX_LINE_BYTES = 64 * 1024 * 1024;
const STDERR_TAIL_BYTES = 8 * 1024;
/** From the end of a helper to the end of listening: a process it left behind may hold its output open. */
const PIPE_GRACE_MS = 5_000;
/** Built from nothing: what the daemon was started with never reaches a helper. */
const SEARCH_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface SpawnLauncherOptions {
  /** argv of the helper program; the first is an absolute path. */
  readonly command: readonly string[];
  readonly stateDir: string;
  /** Undefined: the helper finds restic itself. */
  readonly resticBin: string | undefined;
  readonly log: Log;
}

/** Starts helpers as child processes, each in a process group of its own: development, containers, ordinary users. */
export function createSpawnLauncher(options: SpawnLauncherOptions): Launcher {
  const [file, ...leading] = options.command;
  if (file === undefined) throw new TypeError('the helper command is empty');
  return {
    launch(program) {
      const child = spawn(file, [...leading, program, '--state-dir', options.stateDir], {
        cwd: '/',
        detached: true,
        env: {
          PATH: SEARCH_PATH,
          LANG: 'C.UTF-8',
          ...(options.resticBin === undefined ? {} : { RESTIC_BIN: options.resticBin }),
        },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      options.log.debug({ program, pid: child.pid }, 'helper started');
      return asHelperProcess(child, options.log);
    },
  };
}

function asHelperProcess(child: ChildProcessWithoutNullStreams, log: Log): HelperProcess {
  let tail = Buffer.alloc(0);
  child.stderr.on('data', (chunk: Buffer) => {
    tail = Buffer.concat([tail, chunk]).subarray(-STDERR_TAIL_BYTES);
  });
  // A helper that is gone closes its input; how it ended is what counts.
  child.stdin.on('error', (error) => log.debug({ err: error }, 'helper input closed'));
  const ended = new Promise<{ code: number | null; stderrTail: string }>((resolve) => {
    const finish = (code: number | null, note = ''): void =>
      resolve({ code, stderrTail: note + tail.toString('utf8') });
    child.once('close', (code) => finish(code));
    child.once('exit', () => setTimeout(() => closePipes(child), PIPE_GRACE_MS).unref());
    child.once('error', (error) => finish(null, `${error.message}\n`));
  });
  return {
    ...(child.pid === undefined ? {} : { pid: child.pid }),
    lines: readLines(child.stdout, MAX_LINE_BYTES),
    send: (line) => void child.stdin.write(`${line}\n`),
    kill: () => killGroup(child),
    ended,
  };
}

function killGroup(child: ChildProcessWithoutNullStreams): void {
  if (child.pid === undefined) return;
  const isRunning = child.exitCode === null && child.signalCode === null;
  try {
    if (isRunning) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It ended between the look and the signal.
  }
  // Something outside the group may hold the pipes open; we have stopped listening.
  closePipes(child);
}

function closePipes(child: ChildProcessWithoutNullStreams): void {
  child.stdout.destroy();
  child.stderr.destroy();
}
