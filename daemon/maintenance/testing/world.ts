import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HealthCondition, Plan } from '../../../contract/index.ts';
import { systemClock } from '../../base/clock.ts';
import { systemChance } from '../../base/ids.ts';
import { silentLog } from '../../base/log.ts';
import { createRestore } from '../../restore/create-restore.ts';
import type { Requests } from '../../restore/request-types.ts';
import { createBackupHandler } from '../../backup/backup-handler.ts';
import { createEngine } from '../../engine/create-engine.ts';
import type { Engine } from '../../engine/engine.ts';
import { createSpawnLauncher } from '../../engine/spawn-launcher.ts';
import type { RealHelper } from '../../engine/testing/real-helper.ts';
import { createHealth } from '../../health/create-health.ts';
import { createJobs } from '../../jobs/create-jobs.ts';
import type { Jobs } from '../../jobs/job-types.ts';
import { openStore } from '../../store/open-store.ts';
import type { PlanRow } from '../../store/plan-table.ts';
import type { Store } from '../../store/store.ts';
import { createCheckHandler } from '../check-handler.ts';
import { createDoor } from '../door.ts';
import { createDoctor } from '../doctor.ts';
import { createRepositories } from '../repositories.ts';
import type { Repositories } from '../repository-types.ts';
import { bookPlans, type PlanBook } from './plan-book.ts';

/** Everything around one state directory, put together as the daemon does, with what a test looks at. */
export interface World {
  readonly root: string;
  readonly stateDir: string;
  /** A folder to save, with two files in it. */
  readonly source: string;
  /** Where plans keep their repositories. */
  readonly location: string;
  readonly store: Store;
  readonly plans: PlanBook;
  readonly jobs: Jobs;
  readonly engine: Engine;
  readonly repositories: Repositories;
  readonly requests: Requests;
  conditions(): HealthCondition[];
  makePlan(change?: Partial<PlanRow>): Plan;
  backup(plan: Plan): Promise<ReturnType<Jobs['get']>>;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly helper: Pick<RealHelper, 'command' | 'resticBin'>;
  /** A former world's directory, as after a restart. */
  readonly root?: string;
}

export function createWorld(options: WorldOptions): World {
  const places = makePlaces(options.root);
  const { stateDir, source, location } = places;
  const log = silentLog;
  const [clock, chance] = [systemClock, systemChance];
  const store = openStore({ path: join(stateDir, 'agent.db'), clock, log });
  const launcher = createSpawnLauncher({ ...options.helper, stateDir, log });
  const engine = createEngine({ launcher, stateDir, clock, log });
  const health = createHealth({ store, clock });
  const plans = bookPlans(store);
  const limits = { retryBaseMs: 10, retryMaxMs: 20, giveUpAfterMs: 60_000 };
  const jobs = createJobs({ store, clock, chance, log, limits });
  const door = createDoor({ space: () => undefined });
  const rates = { uploadKiBPerSecond: undefined, downloadKiBPerSecond: undefined };
  const config = { stateDir, engineHost: 'test-host', runDir: join(stateDir, 'run'), limits: rates };
  const common = { plans, store, engine, door, health, jobs, clock, chance, log, config };
  const guard = () => ({
    signal: new AbortController().signal,
    explain: (error: unknown) => Promise.resolve(error),
    [Symbol.dispose]: () => undefined,
  });
  const quota = { check: () => Promise.resolve({ fits: true as const }), guard };
  const restore = createRestore({ ...common, space: () => undefined });
  jobs.handle('backup', createBackupHandler({ ...common, quota }));
  jobs.handle('check', createCheckHandler(common));
  jobs.handle('restore', restore.handler);
  jobs.start();
  return {
    ...places,
    store,
    plans,
    jobs,
    engine,
    requests: restore.requests,
    repositories: createRepositories({
      ...common,
      isJobActive: (id) => jobs.list({ active: true }).some((job) => job.id === id),
      isIdle: () => jobs.list({ active: true }).length === 0,
      doctor: createDoctor({ engine, stateDir, extraChecks: [] }),
    }),
    conditions: () => health.list(),
    makePlan: (change) =>
      plans.make({
        id: chance.uuid(),
        paths: [source],
        location: { kind: 'directory', path: location },
        ...change,
      }),
    async backup({ id: planId, name: planName }) {
      const { id } = jobs.request({ kind: 'backup', planId, planName, lane: planId, cause: 'user' });
      await jobs.idle();
      return jobs.get(id);
    },
    async close() {
      await jobs.stop();
      await engine.close();
      store.close();
    },
  };
}

function makePlaces(former: string | undefined) {
  const root = former ?? mkdtempSync(join(tmpdir(), 'w-'));
  const places = {
    root,
    stateDir: join(root, 'state'),
    source: join(root, 'source'),
    location: join(root, 'location'),
  };
  if (former !== undefined) return places;
  const { stateDir, source, location } = places;
  mkdirSync(join(stateDir, 'run'), { recursive: true, mode: 0o700 });
  mkdirSync(join(source, 'inner'), { recursive: true });
  mkdirSync(location);
  writeFileSync(join(source, 'a.txt'), 'first file');
  writeFileSync(join(source, 'inner', 'b.txt'), 'second file');
  return places;
}
