import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { AppError, JOB_END_STATES, type Job, type Plan } from '../../contract/index.ts';
import { ROOT, TestSystem } from '../harness/system.ts';

export interface KillCycleOptions {
  readonly kills: number;
  /** Names the sequence of random moments. */
  readonly seed: number;
  readonly tell?: (text: string) => void;
}

export interface KillCycleReport {
  /** Jobs whose request was answered. */
  readonly acknowledged: ReadonlySet<string>;
  /** Jobs whose cancelling was asked for, and what was answered, if anything. */
  readonly cancelled: ReadonlyMap<string, Job['state'] | undefined>;
  /** Answers of `PRAGMA integrity_check` and the like that were not "ok". */
  readonly damages: readonly string[];
  /** What the agent knows of the acknowledged jobs after everything was allowed to end. */
  readonly jobs: ReadonlyMap<string, Job>;
  readonly plans: readonly Plan[];
  readonly recovered: boolean;
}

/** One life in this many also asks for a check: each is a job of its own, so more would only make a long end. */
const CHECK_CYCLE = 7;
/** One in this many kills is given time enough for a whole backup. */
const LONG_CYCLE = 8;
const SHORT_MS = 700;
const LONG_MS = 3_000;
const QUICK_RETRIES = { jobs: { retryBaseMs: 100, retryMaxMs: 500 } };

/** Paired, with one plan on the Space and one in a directory, both with few small files. */
export async function systemToKill(): Promise<TestSystem> {
  const system = await TestSystem.paired({ config: QUICK_RETRIES });
  for (const [name, more] of [
    ['remote', []],
    ['local', ['--location', join(system.dir, 'backups')]],
  ] as const) {
    const source = system.folder(`source-${name}`);
    writeFileSync(join(source, 'file'), name);
    await system.addPlan(name, [source], [...more]);
  }
  return system;
}

/** Starts and kills the daemon of a system at random moments while jobs are asked for, then lets it end its work. */
export async function runKillCycles(
  system: TestSystem,
  { kills, seed, tell = () => undefined }: KillCycleOptions,
): Promise<KillCycleReport> {
  const random = randomOf(seed);
  const acknowledged = new Set<string>();
  const cancelled = new Map<string, Job['state'] | undefined>();
  const damages: string[] = [];
  await system.killDaemon();
  for (let kill = 1; kill <= kills; kill++) {
    const isLong = kill % LONG_CYCLE === 0;
    const lifeMs = isLong ? SHORT_MS + random() * (LONG_MS - SHORT_MS) : random() * SHORT_MS;
    writeFileSync(join(system.dir, 'source-remote', 'file'), `${kill}`);
    const alsoCheck = kill % CHECK_CYCLE === 0;
    const mayCancel = isLong ? () => false : () => random() < 0.5;
    // Every other life is counted from its first answer, so that a busy machine does not only see starts killed.
    const life = { lifeMs, isFromAnswer: kill % 2 === 0 };
    await liveAndDie(system, life, { acknowledged, cancelled, alsoCheck, mayCancel });
    damages.push(...lookAtDatabase(system));
    if (kill % 25 === 0)
      tell(`${kill} kills, ${acknowledged.size} jobs acknowledged, ${damages.length} damages`);
  }
  await system.startDaemon();
  const jobs = await endOf(system, acknowledged);
  const { plans, conditions } = await system.status();
  const recovered = conditions.some(({ code }) => code === 'database_recovered');
  return { acknowledged, cancelled, damages, jobs, plans, recovered };
}

interface Wishes {
  readonly acknowledged: Set<string>;
  readonly cancelled: Map<string, Job['state'] | undefined>;
  readonly mayCancel: () => boolean;
  alsoCheck: boolean;
}

interface Life {
  readonly lifeMs: number;
  readonly isFromAnswer: boolean;
}

async function liveAndDie(system: TestSystem, life: Life, wishes: Wishes): Promise<void> {
  const daemon = startBare(system);
  const end = once(daemon, 'exit');
  const die = () => setTimeout(() => daemon.kill('SIGKILL'), life.lifeMs);
  let isDying = !life.isFromAnswer;
  if (isDying) die();
  while (daemon.exitCode === null && daemon.signalCode === null) {
    const isAnswered = await askForJobs(system, wishes);
    if (isDying || !isAnswered) continue;
    isDying = true;
    die();
  }
  await end;
  if (daemon.exitCode !== null) throw new Error(`the agent ended by itself with code ${daemon.exitCode}`);
}

/** What is answered is acknowledged; what is not may or may not exist. */
async function askForJobs(system: TestSystem, wishes: Wishes): Promise<boolean> {
  try {
    for (const plan of ['remote', 'local']) {
      const { id } = await system.api.call('backupPlan', { params: { plan } });
      wishes.acknowledged.add(id);
      if (wishes.mayCancel()) await cancel(system, id, wishes.cancelled);
    }
    if (wishes.alsoCheck) {
      wishes.acknowledged.add((await system.api.call('checkPlan', { params: { plan: 'local' } })).id);
      wishes.alsoCheck = false;
    }
    await pause(20);
    return true;
  } catch (error) {
    const isAway = error instanceof AppError && error.code === 'daemon_not_running';
    if (!isAway) throw error;
    await pause(10);
    return false;
  }
}

async function cancel(system: TestSystem, id: string, cancelled: Wishes['cancelled']): Promise<void> {
  // Asked for is more than answered: it may be carried out although the answer never came.
  cancelled.set(id, cancelled.get(id));
  try {
    cancelled.set(id, (await system.api.call('cancelJob', { params: { job: id } })).state);
  } catch (error) {
    const hasEnded = error instanceof AppError && error.code === 'conflict';
    if (!hasEnded) throw error;
  }
}

function startBare(system: TestSystem): ChildProcess {
  const args = ['--state-dir', system.stateDir, '--http', 'off', '--config', join(system.dir, 'config.json')];
  return spawn(process.execPath, [join(ROOT, 'dist', 'olares-backupd.mjs'), ...args], { stdio: 'ignore' });
}

/** On a copy, so that the look itself repairs nothing before the agent has to. */
function lookAtDatabase(system: TestSystem): string[] {
  const copies = join(system.dir, 'look');
  mkdirSync(copies, { recursive: true });
  for (const name of ['agent.db', 'agent.db-wal']) {
    const path = join(system.stateDir, name);
    if (existsSync(path)) copyFileSync(path, join(copies, name));
  }
  const db = new Database(join(copies, 'agent.db'));
  try {
    const verdicts = ['quick_check', 'integrity_check', 'foreign_key_check'].map((pragma) =>
      JSON.stringify(db.pragma(pragma)),
    );
    return verdicts.filter((verdict) => !/^(\[\]|\[\{"\w+":"ok"\}\])$/.test(verdict));
  } finally {
    db.close();
    rmSync(copies, { recursive: true });
  }
}

/** Nobody's memory: what the agent answers for each id once nothing is left to do. */
async function endOf(system: TestSystem, ids: ReadonlySet<string>): Promise<Map<string, Job>> {
  const jobs = new Map<string, Job>();
  for (const id of ids) {
    for (;;) {
      const job = await system.api.call('getJob', { params: { job: id } }).catch((error: unknown) => {
        if (error instanceof AppError && error.code === 'not_found') return undefined;
        throw error;
      });
      if (job) jobs.set(id, job);
      if (!job || JOB_END_STATES.has(job.state)) break;
      await pause(100);
    }
  }
  return jobs;
}

/** mulberry32: small, and the same numbers for the same seed everywhere. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
