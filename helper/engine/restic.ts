import { spawn, type ChildProcess } from 'node:child_process';
import type { Session } from '../session.ts';
import { createMemoryFile, type MemoryFile } from '../memory-file.ts';
import type { ResticEnd } from './exit-codes.ts';
import { resticEnvironment } from './environment.ts';
import { readLines } from './lines.ts';
import { findProgram, findRestic } from './restic-path.ts';
import { writeRunFile } from './run-file.ts';

/** restic needs up to a minute to take its lock off a storage that does not answer. */
const POLITE_STOP_MS = 65_000;
const TAIL_LINES = 20;
/** A request on which no byte moves is made again after a minute, as the real agent has it; restic's own limit is 5. */
const STUCK_REQUESTS = '--stuck-request-timeout=1m';
const FIRST_EXTRA_FD = 3;

/** A program that restic runs inside of. It is handed the rest of the command line. */
export interface Wrapper {
  readonly program: string;
  readonly args: readonly string[];
  /** Inherited by the wrapper under the numbers that follow those of restic's own files. */
  readonly fds: readonly number[];
  /** Reports the pid of its child, restic, as JSON `{"child-pid": N}` on this extra descriptor. */
  readonly reportsPid: boolean;
}

export interface ResticCommand {
  /** For the run file. */
  readonly verb: string;
  readonly address: string;
  readonly password: Buffer;
  /** From a fixed table per verb; paths of people only as whole values of an option or in `files`. */
  readonly args: readonly string[];
  /** Options whose value is a file with this content, e.g. `--exclude-file`. */
  readonly files?: Readonly<Record<string, Buffer | string>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Makes the jail, given the number of the first descriptor that is free in the child. */
  readonly wrap?: (firstFd: number) => Wrapper;
  /** Each JSON line of stdout, and of stderr but for `exit_error`. */
  readonly onMessage?: (message: unknown) => void;
  /** Each line of stdout or stderr that is no JSON. */
  readonly onText?: (line: string) => void;
  /** Asked after each piece of stdout: nothing more is read until its promise is kept. */
  readonly hold?: () => Promise<void> | undefined;
  /** Stops this run alone. */
  readonly cancel?: AbortSignal;
}

/** Runs restic once. Resolves however it ends; only a restic that cannot be started rejects. */
export async function runRestic(session: Session, command: ResticCommand): Promise<ResticEnd> {
  const files = openFiles(session, command);
  try {
    const line = commandLine(session, command, files);
    const child = start(line, { ...resticEnvironment(session), ...command.environment });
    return await supervise(session, command, child, line.reportsPid);
  } finally {
    for (const { file } of files) file.erase();
  }
}

type CommandLine = ReturnType<typeof commandLine>;

/** Node's own spawn: loading execa takes 20 ms, and this one is started in every job. */
function start({ program, args, stdio }: CommandLine, env: Record<string, string>): ChildProcess {
  // A group of its own: a signal for the helper's group does not reach it, and ours reaches all of it.
  return spawn(program, args, { stdio, env, cwd: '/', detached: true });
}

interface Ended {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  /** It could not be started. */
  readonly error?: Error;
}

function ended(child: ChildProcess): Promise<Ended> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: undefined, signal: undefined, error }));
    child.once('close', (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }));
  });
}

interface NamedFile {
  readonly option: string;
  readonly file: MemoryFile;
}

function openFiles(session: Session, { password, address, files = {} }: ResticCommand): NamedFile[] {
  // An address may hold a user name and password (`rest:https://user:secret@…`), so it never becomes an argument.
  const all = { '--password-file': password, '--repository-file': address, ...files };
  return Object.entries(all).map(([option, content]) => ({
    option,
    file: createMemoryFile(content, session.stateDir),
  }));
}

type Stdio = ['ignore', 'pipe', 'pipe', ...(number | 'pipe')[]];

function commandLine(session: Session, command: ResticCommand, files: readonly NamedFile[]) {
  const restic = findRestic(session.places);
  const fileArgs = files.map(({ option }, index) => `${option}=/dev/fd/${FIRST_EXTRA_FD + index}`);
  const resticArgs = ['--json', STUCK_REQUESTS, ...fileArgs, ...command.args];
  const stdio: Stdio = ['ignore', 'pipe', 'pipe'];
  stdio.push(...files.map(({ file }) => file.fd));
  const wrapper = command.wrap?.(stdio.length);
  if (wrapper) {
    stdio.push(...wrapper.fds);
    if (wrapper.reportsPid) stdio.push('pipe');
    const args = [...wrapper.args, restic, ...resticArgs];
    return { program: wrapper.program, args, stdio, reportsPid: wrapper.reportsPid };
  }
  // restic must not go on without a helper that watches it. setpriv becomes restic, so pid and signals are restic's.
  const setpriv = findProgram(session.places, 'setpriv');
  if (!setpriv) return { program: restic, args: resticArgs, stdio, reportsPid: false };
  return { program: setpriv, args: ['--pdeathsig', 'TERM', restic, ...resticArgs], stdio, reportsPid: false };
}

async function supervise(
  session: Session,
  command: ResticCommand,
  child: ChildProcess,
  reportsPid: boolean,
): Promise<ResticEnd> {
  const tail: string[] = [];
  const heard: { message: string; fault?: unknown } = { message: '' };
  const readLine = (line: string, isError: boolean) => {
    const message = parseJson(line);
    if (isError) keepTail(tail, line);
    if (message === undefined) return command.onText?.(line);
    const text = exitText(message);
    if (text === undefined) command.onMessage?.(message);
    else heard.message = text;
  };
  const readers = [child.stdout, child.stderr].map((stream, index) => {
    if (!stream) return undefined;
    const onLine = (line: string) => {
      try {
        readLine(line, index === 1);
      } catch (error) {
        // Thrown out of a stream it would end the helper and leave restic alone.
        heard.fault ??= error;
      }
    };
    return readLines(stream, onLine, index === 0 ? command.hold : undefined);
  });
  const end = ended(child);
  const resticPid = reportsPid ? await childPid(child) : child.pid;
  const removeRunFile = noteRun(session, command, resticPid);
  const stopping = stopOnCancel(session, command, { groupPid: child.pid, resticPid });
  try {
    const { code, signal, error } = await end;
    await Promise.all(readers);
    if (heard.fault !== undefined) throw heard.fault;
    const message = heard.message || (error?.message ?? '');
    return { code, signal, cancelled: stopping.asked() && code !== 0, message, tail };
  } finally {
    stopping.end();
    removeRunFile();
  }
}

/** Without its file a run goes on: it is of use only when the helper dies. */
function noteRun(
  session: Session,
  { verb, address }: ResticCommand,
  resticPid: number | undefined,
): () => void {
  if (!resticPid) return () => {};
  try {
    return writeRunFile(session, { resticPid, verb, repositoryAddress: withoutSecrets(address) });
  } catch (error) {
    session.output.log('warn', `the run file cannot be written: ${String(error)}`);
    return () => {};
  }
}

/** SIGINT to restic, which takes off its lock and ends; SIGKILL to all of its group when that takes too long. */
function stopOnCancel(
  session: Session,
  command: ResticCommand,
  pids: { groupPid?: number | undefined; resticPid?: number | undefined },
) {
  const signals = [session.cancel, ...(command.cancel ? [command.cancel] : [])];
  const cancel = AbortSignal.any(signals);
  let backstop: NodeJS.Timeout | undefined;
  const stop = () => {
    signalProcess(pids.resticPid, 'SIGINT');
    backstop = setTimeout(() => signalProcess(pids.groupPid && -pids.groupPid, 'SIGKILL'), POLITE_STOP_MS);
  };
  if (cancel.aborted) stop();
  else cancel.addEventListener('abort', stop, { once: true });
  return {
    asked: () => cancel.aborted,
    end: () => {
      cancel.removeEventListener('abort', stop);
      clearTimeout(backstop);
    },
  };
}

function signalProcess(pid: number | undefined, signal: NodeJS.Signals): void {
  if (!pid) return;
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself in the meantime, which is what we want.
  }
}

/** The wrapper tells the pid of restic before it starts it, or ends without a word. */
function childPid(child: ChildProcess): Promise<number | undefined> {
  const report = child.stdio.at(-1);
  if (!report || !('on' in report)) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    let text = '';
    report.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const pid = /"child-pid":\s*(\d+)/.exec(text)?.[1];
      if (pid) resolve(Number(pid));
    });
    report.once('close', () => resolve(undefined)).on('error', () => resolve(undefined));
  });
}

function parseJson(line: string): unknown {
  if (!line.startsWith('{') && !line.startsWith('[')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    // Text that happens to begin with a bracket.
    return undefined;
  }
}

function exitText(message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null || !('message_type' in message)) return undefined;
  if (message.message_type !== 'exit_error') return undefined;
  return 'message' in message && typeof message.message === 'string' ? message.message : '';
}

function keepTail(tail: string[], line: string): void {
  tail.push(line.slice(0, 2000));
  if (tail.length > TAIL_LINES) tail.shift();
}

/** The address as it may be written to a file: without `user:password@`. */
export const withoutSecrets = (address: string): string => address.replace(/\/\/[^/@]*@/, '//');
