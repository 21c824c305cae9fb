import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import * as Type from 'typebox';
import { parser } from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';

const POLL_MS = 50;
/**
 * From the end of a process to its being collected by the first process of the machine or container, some of which look
 * every two seconds: until then restic takes it for alive, and its lock for held.
 */
const COLLECTED_MS = 5_000;

/** What a helper writes at its start and removes at its end. A pid alone may be another process by now. */
const runFile = parser(
  Type.Object({
    pid: Type.Integer({ minimum: 2 }),
    startTicks: Type.Number(),
    resticPid: Type.Optional(Type.Integer({ minimum: 2 })),
    resticStartTicks: Type.Optional(Type.Number()),
  }),
);

export interface LeftoverOptions {
  /** `<stateDir>/run/helpers` */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  /** How long a helper may take to end by itself now that its input is closed, milliseconds. */
  readonly politeMs: number;
  /** Only what this helper left; absent: whatever any helper left. */
  readonly helperPid?: number;
  /** From SIGINT to SIGKILL, milliseconds: restic removes its lock, against a dead backend for up to 65 s. */
  readonly interruptMs: number;
}

interface Leftover {
  readonly pid: number;
  readonly startTicks: number;
  /** Leader of a process group of its own. */
  readonly isLeader: boolean;
}

/**
 * Ends helpers and restic processes of a former daemon, politely first; forgets run files and endpoint tokens of what
 * has ended. Never rejects: one that cannot be ended must keep the daemon from nothing else.
 */
export async function endLeftovers(options: LeftoverOptions): Promise<void> {
  const { helperPid } = options;
  const files = listRunFiles(options.directory).filter(
    (name) => helperPid === undefined || Number.parseInt(name, 10) === helperPid,
  );
  // Looked up before the wait: later ones are of helpers that live.
  const tokens = listTokens(options);
  const ends = await Promise.allSettled(
    files.map(async (file) => await endOne(join(options.directory, file), options)),
  );
  ends.push(...(await Promise.allSettled(tokens.map(async (path) => await rm(path, { force: true })))));
  for (const end of ends) {
    if (end.status === 'rejected') options.log.error({ err: end.reason }, 'a former run could not be ended');
  }
}

/** Processor ticks from boot to the start of a process that lives: with the pid it names one process for ever. */
export function startTicksOf(pid: number): number | undefined {
  const { state, ticks } = statOf(pid) ?? {};
  return state === 'Z' ? undefined : ticks;
}

function statOf(pid: number): { readonly state: string | undefined; readonly ticks: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name stands in brackets and may hold anything; the fields after it are numbers. State is the
    // 3rd field of proc(5), start time the 22nd.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0], ticks: Number(fields[19]) };
  } catch {
    return undefined;
  }
}

async function endOne(path: string, options: LeftoverOptions): Promise<void> {
  const processes = readRunFile(path, options.log);
  await waitUntilGone(processes, options.politeMs, options.clock);
  for (const process of processes.filter(isAlive)) signalTo(process, 'SIGINT');
  await waitUntilGone(processes, options.interruptMs, options.clock);
  for (const process of processes.filter(isAlive)) {
    options.log.warn({ pid: process.pid }, 'a process of a former run did not end and is killed');
    signalTo(process, 'SIGKILL');
  }
  await waitUntilGone(processes, COLLECTED_MS, options.clock, isThere);
  rmSync(path, { force: true });
}

const listRunFiles = (directory: string): string[] =>
  namesIn(directory).filter((name) => name.endsWith('.json'));

/** Where restic finds the word that its credentials endpoint wants to hear: `endpoint-<pid of the helper>-…`. */
function listTokens({ directory, helperPid }: LeftoverOptions): string[] {
  const runDir = dirname(directory);
  return namesIn(runDir)
    .filter((name) => new RegExp(`^endpoint-${helperPid ?? '\\d+'}-[0-9a-f]+\\.token$`).test(name))
    .map((name) => join(runDir, name));
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // no helper ever ran
  }
}

function readRunFile(path: string, log: Log): Leftover[] {
  try {
    const run = runFile.parse(JSON.parse(readFileSync(path, 'utf8')), path);
    const restic =
      run.resticPid !== undefined && run.resticStartTicks !== undefined
        ? [{ pid: run.resticPid, startTicks: run.resticStartTicks, isLeader: false }]
        : [];
    return [{ pid: run.pid, startTicks: run.startTicks, isLeader: true }, ...restic];
  } catch (error) {
    // Half written when the machine lost power: nothing of that boot is alive.
    log.warn({ err: error, path }, 'run file is not understood');
    return [];
  }
}

function isAlive(process: Leftover): boolean {
  return startTicksOf(process.pid) === process.startTicks;
}

const isThere = ({ pid, startTicks }: Leftover): boolean => statOf(pid)?.ticks === startTicks;

async function waitUntilGone(
  processes: readonly Leftover[],
  limitMs: number,
  clock: Clock,
  is: (process: Leftover) => boolean = isAlive,
): Promise<void> {
  const end = clock.monotonic() + limitMs;
  while (processes.some(is) && clock.monotonic() < end) await wait(POLL_MS);
}

function signalTo({ pid, isLeader }: Leftover, signal: 'SIGINT' | 'SIGKILL'): void {
  try {
    process.kill(isLeader && signal === 'SIGKILL' ? -pid : pid, signal);
  } catch {
    // It ended between the look and the signal, or it leads no group: then the next line is the last resort.
    if (signal === 'SIGKILL' && startTicksOf(pid) !== undefined) process.kill(pid, signal);
  }
}
