import * as Type from 'typebox';
import type { Static } from 'typebox';
import { costOf, parser, Usage } from '../../contract/index.ts';
import type { Store } from '../store/store.ts';
import { estimateAddedBytes, firstEstimateKey } from './estimate.ts';

/** What Space itself says. */
export const SpaceMeasure = Type.Object({
  source: Usage.properties.source,
  totalBytes: Usage.properties.totalBytes,
  usedBytes: Usage.properties.usedBytes,
  freeBytes: Usage.properties.freeBytes,
  canBackup: Usage.properties.canBackup,
  planLevel: Usage.properties.planLevel,
  measuredAt: Usage.properties.measuredAt,
  price: Usage.properties.price,
  /** Most that Space stores beyond the total, at the price. */
  overageLimitBytes: Type.Optional(Usage.properties.usedBytes),
});
export type SpaceMeasure = Static<typeof SpaceMeasure>;
export const spaceMeasure = parser(SpaceMeasure);

/** restic's own lists, which no snapshot counts: keys, index, snapshots. */
const LISTS_BYTES = 1024 ** 2;
const LISTS_SHARE = 0.02;

/** Space's reading, explained by the ledger; without one, what the ledger alone knows. */
export function toUsage(
  store: Pick<Store, 'plans' | 'snapshots' | 'facts'>,
  reading: SpaceMeasure | undefined,
  now: number,
): Usage {
  const byPlan = store.plans
    .list()
    .filter(({ location }) => !reading || location.kind === 'space')
    .map(({ id, name }) => ({
      planId: id,
      planName: name,
      storedBytes: store.snapshots.totals(id).addedBytes,
      ...nextOf(store, id),
    }));
  const explainedBytes = byPlan.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
  if (!reading) return { ...unknownQuota(explainedBytes, now), byPlan };
  const { overageLimitBytes = 0, ...measure } = reading;
  const { totalBytes, usedBytes } = reading;
  return {
    ...measure,
    ...(overageLimitBytes > 0 && { overage: overageOf(reading, overageLimitBytes) }),
    freeBytes: Math.max(0, totalBytes - usedBytes),
    reclaimableBytes: unexplained(usedBytes, explainedBytes),
    byPlan,
  };
}

function unexplained(usedBytes: number, explainedBytes: number): number {
  const rest = usedBytes - explainedBytes;
  return rest > LISTS_BYTES + explainedBytes * LISTS_SHARE ? rest : 0;
}

function nextOf(
  { snapshots, facts }: Pick<Store, 'snapshots' | 'facts'>,
  planId: string,
): { nextBytes?: number } {
  const past = snapshots.list(planId);
  const nextBytes = past.length === 0 ? facts.get(firstEstimateKey(planId)) : estimateAddedBytes(past);
  return typeof nextBytes === 'number' ? { nextBytes } : {};
}

function overageOf(reading: SpaceMeasure, limitBytes: number): NonNullable<Usage['overage']> {
  const usedBytes = Math.max(0, reading.usedBytes - reading.totalBytes);
  const { price } = reading;
  return { limitBytes, usedBytes, ...(price && { costPerMonth: costOf(usedBytes, price.perGibMonth) }) };
}

function unknownQuota(usedBytes: number, now: number): Omit<Usage, 'byPlan'> {
  return {
    source: 'ledger',
    totalBytes: 0,
    usedBytes,
    freeBytes: 0,
    canBackup: true,
    planLevel: 0,
    reclaimableBytes: 0,
    measuredAt: now,
  };
}
