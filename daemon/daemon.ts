import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError, type Plan } from '../contract/index.ts';
import type { Clock } from './base/clock.ts';
import type { Chance } from './base/ids.ts';
import type { Log } from './base/log.ts';
import { ShutdownStack } from './base/shutdown.ts';
import { createBackupHandler } from './backup/backup-handler.ts';
import { createOverdueCheck } from './backup/overdue.ts';
import type { Config } from './config/config.ts';
import { dropConditions, lookEachMinute } from './each-minute.ts';
import { createEngine } from './engine/create-engine.ts';
import { createSpawnLauncher } from './engine/spawn-launcher.ts';
import { createEventLog } from './events/event-log.ts';
import { createHealth } from './health/create-health.ts';
import { createJobs } from './jobs/create-jobs.ts';
import { startLocalApi } from './local-api/local-api.ts';
import { createCheckHandler } from './maintenance/check-handler.ts';
import { createDoctor } from './maintenance/doctor.ts';
import { createDoor } from './maintenance/door.ts';
import { createMountWatch } from './maintenance/mount-watch.ts';
import { createRepositories } from './maintenance/repositories.ts';
import { createPlans } from './plans/create-plans.ts';
import { createRecovery } from './recovery/create-recovery.ts';
import { adoptedPlaces } from './recovery/take-over.ts';
import { createRestore } from './restore/create-restore.ts';
import { createTryLimit } from './restore/try-limit.ts';
import { createDueTimes } from './scheduler/due-times.ts';
import { createScheduler } from './scheduler/create-scheduler.ts';
import { createSnapshotIndex } from './snapshot-index/create-snapshot-index.ts';
import { createSignedOutCheck } from './space-link/signed-out.ts';
import { createSpacePart } from './space-link/space-link.ts';
import { openStore } from './store/open-store.ts';
import { createUsage } from './usage/usage.ts';
import { watchUsage } from './usage/watch-usage.ts';
import { apiPorts, commandEffects, sourceMeasure } from './wiring.ts';

export interface DaemonOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly version: string;
  /** Directory of the built page. */
  readonly pageDir: string;
  /** Something without which nothing works: the process should end with the error's exit code. */
  readonly onFatal: (error: AppError) => void;
}

export interface Daemon {
  readonly pageUrl: string | undefined;
  stop(): Promise<void>;
}

const STEP_TIMEOUT_MS = 5_000;
/** Longer than one call to a Space that does not answer. */
const LEAVE_MS = 12_000;
/** restic may need 65 s to remove its lock against a dead backend. */
const ENGINE_STOP_MS = 72_000;

/**
 * Builds all parts and starts them; the only place that knows them all.
 * @throws AppError `config_invalid`, `conflict` when another agent uses the state directory or the page's port
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const stack = new ShutdownStack({
    stepTimeoutMs: STEP_TIMEOUT_MS,
    onTrouble: (step, error) => options.log.warn({ step, err: error }, 'a part was slow to stop'),
  });
  try {
    const parts = createParts(options, stack);
    const api = await startParts(options, parts, stack);
    return { pageUrl: api.pageUrl, stop: () => stack.release() };
  } catch (error) {
    await stack.release();
    throw error;
  }
}

type Parts = ReturnType<typeof createParts>;

function createParts(options: DaemonOptions, stack: ShutdownStack) {
  const { config, clock, chance, log } = options;
  const { stateDir } = config;
  const shared = { clock, chance, log, config };
  const store = openStore({ path: join(stateDir, 'agent.db'), clock, log });
  stack.push('store', () => store.close());
  const health = createHealth({ store, clock });
  const launcher = createSpawnLauncher({ ...config.helper, stateDir, log });
  const engine = createEngine({ launcher, stateDir, clock, log });
  stack.push('engine', () => engine.close(), ENGINE_STOP_MS);
  const dueTimes = createDueTimes({ clock, machineId: config.machineId, ...config.scheduler });
  const { nextDueAt } = dueTimes;
  const plans = createPlans({ store, clock, chance, stateDir, defaultZone: config.zone, nextDueAt });
  const jobs = createJobs({ store, clock, chance, log, limits: config.jobs });
  const identityPath = join(stateDir, 'secrets', 'space.json');
  const space = createSpacePart({ ...options, ...config, ...config.spaceLink, identityPath, store, health });
  const signedIn = () => (space.account.current() === undefined ? undefined : space.storage);
  const mounts = createMountWatch({ store, plans, health });
  const { limits } = config;
  const door = createDoor({ space: signedIn, adoptedPlace: adoptedPlaces(store), mounts, limits });
  const signedInAs = () => space.account.current()?.userid;
  const measure = sourceMeasure(engine);
  const usage = createUsage({ ...shared, space: signedIn, account: signedInAs, store, health, measure });
  const isJobActive = (id: string) => jobs.list({ active: true }).some((job) => job.id === id);
  const isIdle = () => jobs.list({ active: true }).length === 0;
  const doctor = createDoctor({ engine, stateDir, extraChecks: [async () => [space.doctorCheck()]] });
  const overdue = createOverdueCheck({ plans, health, clock });
  const common = { ...shared, plans, store, engine, door, health, isJobActive, isIdle };
  const recovery = createRecovery({ ...common, limit: createTryLimit(store, clock), space: signedIn });
  const repositories = createRepositories({ ...common, doctor });
  const index = createSnapshotIndex({ ...common, repositories, directory: join(stateDir, 'index') });
  stack.push('snapshot-index', () => index.close(), ENGINE_STOP_MS);
  const { requests, handler: restore } = createRestore({
    ...common,
    jobs,
    space: signedIn,
    onProven: (planId) => recovery.noteProof(planId),
  });
  jobs.handle('backup', createBackupHandler({ ...common, quota: usage, lineage: recovery.lineage }));
  jobs.handle('check', createCheckHandler(common));
  jobs.handle('restore', restore);
  const scheduler = createScheduler({ plans, jobs, store, clock, log, dueTimes });
  return {
    store,
    health,
    engine,
    plans,
    jobs,
    space,
    usage,
    repositories,
    index,
    requests,
    recovery,
    mounts,
    scheduler,
    overdue,
  };
}

async function startParts(options: DaemonOptions, parts: Parts, stack: ShutdownStack) {
  const { config, clock, chance, log, version, pageDir } = options;
  const { store, jobs, plans, scheduler, space } = parts;
  tellRecovery(parts);
  const engineVersion = lookAtEngine(options, parts);
  plans.onRemoved((plan) => cancelJobsOf(parts, plan));
  plans.onRemoved((plan) => parts.recovery.forget(plan.id));
  plans.onRemoved(() => dropConditions(parts));
  plans.onRemoved((plan) => {
    parts.index.removePlan(plan.id).catch((error: unknown) => log.warn({ err: error }, 'an index stays'));
  });
  const startedAt = clock.now();
  const events = createEventLog(store);
  const ports = apiPorts({ ...parts, events, config, version, startedAt, clock, engineVersion });
  const api = await startLocalApi({
    ports,
    runDir: config.runDir,
    http: config.http,
    pageDir,
    version,
    clock,
    chance,
    log,
  });
  stack.push('local-api', () => api.close());
  startJobs(parts, log, stack);
  if (config.ephemeral) {
    // Whatever it signed in with ends with it: the account keeps no machine that is never seen again.
    stack.push('leave', () => space.account.logout(), LEAVE_MS);
    stack.push('cancel', async () => await cancelAll(jobs), ENGINE_STOP_MS);
    return api;
  }
  const link = space.start({
    effects: commandEffects(parts),
    findPlan: (id) => plans.find(id),
    onProgress: (listener) => jobs.onProgress(listener),
  });
  stack.push('space-link', () => link.stop());
  const meter = watchUsage({ usage: parts.usage, store, log });
  stack.push('usage', () => meter.stop());
  const signedOut = createSignedOutCheck({ ...parts, account: space.account });
  signedOut();
  space.onChanged(() => {
    signedOut();
    jobs.wake();
    meter.measure();
  });
  scheduler.start();
  stack.push('scheduler', () => scheduler.stop());
  const minute = setInterval(() => lookEachMinute({ ...parts, signedOut }, log), 60_000);
  minute.unref();
  stack.push('minute', () => clearInterval(minute));
  return api;
}

/** Nobody will go on with what is left, so nothing is: also not the part of a restore that is there already. */
async function cancelAll(jobs: Parts['jobs']): Promise<void> {
  for (const { id } of jobs.list({ active: true })) jobs.cancel(id, 'the one who started it is gone');
  while (jobs.list({ active: true }).length > 0) await delay(50);
}

/** What a former daemon left is ended first, which may take restic a minute; nobody who asks waits for that. */
function startJobs({ engine, jobs, requests }: Parts, log: Log, stack: ShutdownStack): void {
  const recovered = engine
    .recover()
    .catch((error: unknown) => log.error({ err: error }, 'what a former run left could not be ended'))
    .then(() => requests.recover())
    .then(() => jobs.start());
  stack.push('jobs', () => jobs.stop(), ENGINE_STOP_MS);
  stack.push('recovery', () => recovered, ENGINE_STOP_MS);
}

/** A missing or unfit restic is told at once, but the look at it holds up nothing. */
function lookAtEngine(options: DaemonOptions, { engine }: Parts): () => string | undefined {
  let found: string | undefined;
  engine.run({ verb: 'version' }).then(
    ({ version }) => {
      found = version;
    },
    (error: unknown) => {
      options.log.error({ err: error }, 'restic could not be looked at');
      if (error instanceof AppError && error.code === 'engine_missing') options.onFatal(error);
    },
  );
  return () => found;
}

function tellRecovery({ store, health }: Parts): void {
  if (store.recoveredFrom === undefined) return;
  health.raise({
    code: 'database_recovered',
    level: 'warning',
    message: `The agent's database was damaged and was rebuilt from ${store.recoveredFrom}. Snapshots are not affected; look whether plans and history are complete.`,
    hint: `the damaged one is kept: ${store.damagedPath ?? ''}`,
  });
}

function cancelJobsOf({ jobs }: Parts, plan: Plan): void {
  for (const job of jobs.list({ planId: plan.id, active: true })) jobs.cancel(job.id, 'the plan was removed');
}
