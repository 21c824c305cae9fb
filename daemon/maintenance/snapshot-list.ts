import { AppError, type Plan, type Snapshot, type SnapshotEntry } from '../../contract/index.ts';
import type { Log } from '../base/log.ts';
import { requireArmed } from './arm.ts';
import { compareSnapshots } from './compare-snapshots.ts';
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
  const nameOf = (planId: string): string => plans.find(planId)?.name ?? planId;
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
  const list = await engine.run(
    { verb: 'snapshots', access: await door.access(plan), host: config.engineHost },
    credentials && { credentials },
  );
  const { isJobActive } = options;
  const { missing, found, added, gone } = compareSnapshots({ planId: plan.id, ledger, list, isJobActive });
  store.commit((append) => {
    for (const row of missing) {
      store.snapshots.setState(row.id, 'missing');
      append('snapshot.missing', { snapshot: toSnapshot({ ...row, state: 'missing' }, plan.name) });
    }
    for (const row of found) store.snapshots.setState(row.id, 'present');
    for (const row of gone) store.snapshots.remove(row.id);
    for (const row of added) if (store.snapshots.find(row.id) === undefined) store.snapshots.insert(row);
    settleMissing(health, plan, store.snapshots.list(plan.id));
  });
}

function settleMissing(health: MaintenanceHealth, plan: Plan, rows: readonly LedgerRow[]): void {
  const count = rows.filter(({ state }) => state === 'missing').length;
  if (count === 0) health.clear('snapshots_missing', plan.id);
  else {
    health.raise({
      code: 'snapshots_missing',
      level: 'error',
      message: `${count} of the snapshots of "${plan.name}" disappeared from its repository`,
      hint: 'somebody or something deleted them; look at the storage before the next backup',
      planId: plan.id,
    });
  }
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
