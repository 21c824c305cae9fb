import type { Plan } from '../../contract/index.ts';
import type { PlanRow } from '../store/plan-table.ts';
import { provenKey } from '../store/fact-keys.ts';
import type { Store } from '../store/store.ts';

/** A plan as others see it, joined with the ledger and the times of its backups. */
export function planView(row: PlanRow, store: Pick<Store, 'jobs' | 'snapshots' | 'facts'>): Plan {
  const totals = store.snapshots.totals(row.id);
  const lastTryAt = store.jobs.lastStartedAt(row.id);
  const passwordProvenAt = store.facts.get(provenKey(row.id));
  const lastGoodAt = store.jobs.lastEndedAt(row.id, 'succeeded');
  return {
    id: row.id,
    name: row.name,
    paths: [...row.paths],
    excludes: [...row.excludes],
    schedule: row.schedule,
    zone: row.zone,
    location: row.location,
    ...(row.limits === null ? {} : { limits: row.limits }),
    ...(row.quotaPolicy === null ? {} : { quotaPolicy: row.quotaPolicy }),
    state: row.state,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    keys: [...row.keys],
    snapshotCount: totals.count,
    storedBytes: totals.addedBytes,
    ...(row.repositoryId === null || row.repositoryAddress === null
      ? {}
      : { repository: { id: row.repositoryId, address: row.repositoryAddress } }),
    ...(row.nextDueAt === null ? {} : { nextDueAt: row.nextDueAt }),
    ...(lastTryAt === undefined ? {} : { lastTryAt }),
    ...(lastGoodAt === undefined ? {} : { lastGoodAt }),
    ...(typeof passwordProvenAt === 'number' ? { passwordProvenAt } : {}),
  };
}
