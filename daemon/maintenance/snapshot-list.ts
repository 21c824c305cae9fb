import { AppError, type Plan, type Snapshot, type SnapshotEntry } from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { requireArmed } from './arm.ts';
import { compareSnapshots } from './compare-snapshots.ts';
import { settleLedger, tellVanished } from './ledger-health.ts';
import { createLru } from './lru.ts';
import type {
  ArmingDoor,
  LedgerRow,
  MaintenanceEngine,
  MaintenanceHealth,
  MaintenancePlans,
  MaintenanceStore,
} from './maintenance-ports.ts';

const CACHED_DIRECTORIES = 200;

export interface SnapshotListOptions {
  readonly plans: MaintenancePlans;
  readonly store: MaintenanceStore;
  readonly engine: MaintenanceEngine;
  readonly door: ArmingDoor;
  readonly health: MaintenanceHealth;
  readonly isJobActive: (jobId: string) => boolean;
  readonly log: Log;
  readonly clock: Clock;
  readonly config: { readonly engineHost: string };
}

export interface SnapshotList {
  snapshots(plan: Plan | undefined, refresh: boolean): Promise<Snapshot[]>;
  snapshot(idPrefix: string): Promise<Snapshot>;
  entries(snapshot: Snapshot, path: string): Promise<SnapshotEntry[]>;
}

/** The ledger as people see it, and its comparison with the repositories. */
export function createSnapshotList(options: SnapshotListOptions): SnapshotList {
  const { plans, store } = options;
  const refreshing = new Map<string, Promise<void>>();
  const directories = createLru<Promise<SnapshotEntry[]>>(CACHED_DIRECTORIES);
  const nameOf = (planId: string): string => plans.find(planId)?.name ?? `removed (${planId.slice(0, 8)})`;
  const shared = async (plan: Plan): Promise<void> => {
    const running =
      refreshing.get(plan.id) ?? refresh(options, plan).finally(() => refreshing.delete(plan.id));
    refreshing.set(plan.id, running);
    await running;
  };
  return {
    async snapshots(plan, isRefresh) {
      if (isRefresh && plan) await shared(plan);
      if (isRefresh && !plan) await refreshAll(options, shared);
      return store.snapshots.list(plan?.id).map((row) => toSnapshot(row, nameOf(row.planId)));
    },
    async snapshot(idPrefix) {
      const row = requireRow(store, idPrefix);
      return toSnapshot(row, nameOf(row.planId));
    },
    async entries(snapshot, path) {
      if (!path.startsWith('/')) {
        throw new AppError('invalid_input', `"${path}" is not an absolute path`, { field: 'path' });
      }
      const key = `${snapshot.resticId}\0${path}`;
      const cached = directories.get(key);
      if (cached) return await cached;
      const loading = readDirectory(options, snapshot, path);
      directories.set(key, loading);
      loading.catch(() => directories.remove(key));
      return await loading;
    },
  };
}

/** @throws AppError `not_found`, or `invalid_input` when the prefix fits more than one */
export function requireRow(store: Pick<MaintenanceStore, 'snapshots'>, idPrefix: string): LedgerRow {
  const row = store.snapshots.find(idPrefix.toLowerCase());
  if (row === 'ambiguous') {
    throw new AppError('invalid_input', `"${idPrefix}" is the beginning of more than one snapshot id`, {
      hint: 'type more of it',
      field: 'snapshot',
    });
  }
  if (row) return row;
  throw new AppError('not_found', `there is no snapshot "${idPrefix}"`, {
    hint: 'see `olares-backup snapshot list`; --refresh looks into the repository again',
    field: 'snapshot',
  });
}

async function refreshAll(options: SnapshotListOptions, one: (plan: Plan) => Promise<void>): Promise<void> {
  const armed = options.plans.list().filter(({ state }) => state !== 'unarmed');
  const results = await Promise.allSettled(armed.map(one));
  const failures = results.filter((result) => result.status === 'rejected');
  for (const { reason } of failures) options.log.warn({ err: reason }, 'snapshots could not be read again');
  // One unreachable location must not hide the others; only if nothing could be read is it the answer.
  if (armed.length > 0 && failures.length === armed.length) throw failures[0]?.reason;
}

async function refresh(options: SnapshotListOptions, plan: Plan): Promise<void> {
  const { store, engine, door, health, config } = options;
  requireArmed(plan);
  const ledger = store.snapshots.list(plan.id);
  const credentials = door.credentialsFor(plan);
  const list = await engine
    .run(
      { verb: 'snapshots', access: await door.access(plan), host: config.engineHost },
      credentials && { credentials },
    )
    .catch((error: unknown) => {
      throw tellVanished(health, plan, error);
    });
  const now = options.clock.now();
  const { isJobActive } = options;
  const comparison = compareSnapshots({ planId: plan.id, ledger, list, isJobActive, now });
  const { missing, found, added, gone } = comparison;
  store.commit((append) => {
    for (const row of missing) {
      store.snapshots.setState(row.id, 'missing');
      append('snapshot.missing', { snapshot: toSnapshot({ ...row, state: 'missing' }, plan.name) });
    }
    for (const row of found) store.snapshots.setState(row.id, 'present');
    for (const row of gone) store.snapshots.remove(row.id);
    for (const row of added) if (store.snapshots.find(row.id) === undefined) store.snapshots.insert(row);
    settleLedger(health, plan, store.snapshots.list(plan.id), now);
  });
}

async function readDirectory(
  { plans, engine, door, config }: SnapshotListOptions,
  snapshot: Snapshot,
  path: string,
): Promise<SnapshotEntry[]> {
  const plan = plans.get(snapshot.planId);
  const credentials = door.credentialsFor(plan);
  const access = await door.access(plan);
  return await engine.run(
    { verb: 'ls', access, host: config.engineHost, snapshotId: snapshot.resticId, path },
    credentials && { credentials },
  );
}

function toSnapshot(row: LedgerRow, planName: string): Snapshot {
  const { jobId, filesTotal, bytesTotal, addedBytes, paths, ...rest } = row;
  return {
    ...rest,
    planName,
    paths: [...paths],
    ...(filesTotal !== null && { filesTotal }),
    ...(bytesTotal !== null && { bytesTotal }),
    ...(addedBytes !== null && { addedBytes }),
    ...(jobId !== null && { jobId }),
  };
}
