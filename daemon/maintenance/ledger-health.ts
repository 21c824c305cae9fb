import { AppError, type Plan } from '../../contract/index.ts';
import { isOfFuture, rolledBackTo } from './compare-snapshots.ts';
import type { LedgerRow, MaintenanceHealth } from './maintenance-ports.ts';

/** Tells what the comparison of a plan's ledger with its repository says about the repository. */
export function settleLedger(
  health: MaintenanceHealth,
  plan: Plan,
  rows: readonly LedgerRow[],
  now: number,
): void {
  health.clear('repository_vanished', plan.id);
  settleMissing(health, plan, rows);
  settleFuture(health, plan, rows, now);
}

function settleMissing(health: MaintenanceHealth, plan: Plan, rows: readonly LedgerRow[]): void {
  const count = rows.filter(({ state }) => state === 'missing').length;
  if (count === 0) return health.clear('snapshots_missing', plan.id);
  const rolledBack = rolledBackTo(rows);
  const [message, hint] =
    rolledBack === undefined
      ? [
          `${count} of the snapshots of "${plan.name}" disappeared from its repository`,
          'somebody or something deleted them; look at the storage before the next backup',
        ]
      : [
          `the repository of "${plan.name}" is as it was on ${dateOf(rolledBack)}: the ${count} newest snapshots disappeared`,
          'somebody put an older state of the storage back, or deleted the newest; look at it before the next backup',
        ];
  health.raise({ code: 'snapshots_missing', level: 'error', message, hint, planId: plan.id });
}

function settleFuture(health: MaintenanceHealth, plan: Plan, rows: readonly LedgerRow[], now: number): void {
  const [first] = rows.filter(({ state, takenAt }) => state !== 'missing' && isOfFuture(takenAt, now));
  if (!first) return health.clear('snapshot_of_future', plan.id);
  health.raise({
    code: 'snapshot_of_future',
    level: 'warning',
    message: `the snapshot ${first.resticId.slice(0, 8)} of "${plan.name}" is dated ${dateOf(first.takenAt)}, which has not come`,
    hint: 'a clock is wrong, or somebody else wrote it; it never counts as the latest',
    planId: plan.id,
  });
}

/** @returns the error, in words where the repository is gone: an armed plan had one */
export function tellVanished(health: MaintenanceHealth, plan: Plan, error: unknown): unknown {
  if (!(error instanceof AppError) || error.code !== 'repository_missing') return error;
  const message = `the repository of "${plan.name}" is gone from ${plan.repository?.address ?? 'its place'}`;
  const hint = 'check that its disk is mounted and its storage intact; nothing was made anew in its place';
  health.raise({ code: 'repository_vanished', level: 'error', message, hint, planId: plan.id });
  return new AppError('repository_missing', message, { hint, cause: error });
}

const dateOf = (time: number): string => {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? 'an impossible day' : date.toISOString().slice(0, 10);
};
