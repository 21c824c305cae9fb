import { shellWord, type Plan, type Schedule } from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { BackupHealth } from './backup-ports.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Usual time between two runs. A cron expression may mean anything; a week is never too early a warning. */
const PERIOD_MS: Record<Schedule['kind'], number> = {
  manual: Infinity,
  hourly: HOUR_MS,
  daily: DAY_MS,
  weekly: 7 * DAY_MS,
  monthly: 31 * DAY_MS,
  cron: 7 * DAY_MS,
};

export interface OverdueOptions {
  readonly plans: { list(): Plan[] };
  readonly health: BackupHealth;
  readonly clock: Clock;
}

/** A check to be made each minute: has every plan that runs by itself a good snapshot of not too long ago? */
export function createOverdueCheck({ plans, health, clock }: OverdueOptions): () => void {
  return () => {
    for (const plan of plans.list()) {
      if (isOverdue(plan, clock.now())) raiseOverdue(health, plan);
      else health.clear('backup_overdue', plan.id);
    }
  };
}

/** Two runs may fail, and one hour may pass in the queue, before it is worth a warning. */
export function isOverdue({ state, schedule, lastGoodAt, createdAt }: Plan, now: number): boolean {
  return state === 'armed' && now - (lastGoodAt ?? createdAt) > 2 * PERIOD_MS[schedule.kind] + HOUR_MS;
}

function raiseOverdue(health: BackupHealth, { id, name, lastGoodAt }: Plan): void {
  const since = lastGoodAt === undefined ? 'yet' : `since ${new Date(lastGoodAt).toISOString().slice(0, 10)}`;
  health.raise({
    code: 'backup_overdue',
    level: 'warning',
    message: `"${name}" has no good snapshot ${since}`,
    hint: `olares-backup backup ${shellWord(name)}`,
    planId: id,
  });
}
