import { schedule as everyMinute, type ScheduledTask } from 'node-cron';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Jobs } from '../jobs/job-types.ts';
import type { Plans } from '../plans/plan-types.ts';
import type { PlanRow } from '../store/plan-table.ts';
import type { Store } from '../store/store.ts';
import type { DueTimes } from './due-times.ts';
import { HOUR_MS, MINUTE_MS } from './wall-pattern.ts';

export interface SchedulerOptions {
  readonly plans: Plans;
  readonly jobs: Jobs;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly dueTimes: DueTimes;
}

export interface Scheduler {
  /** Looks at once, then each minute. */
  start(): void;
  /** Requests what is due now; each minute, and in tests. */
  tick(): void;
  stop(): Promise<void>;
}

/** A run that begins later than this after its time was missed. */
const MISSED_AFTER_MS = 10 * MINUTE_MS;
const COPY_FACT = 'scheduler.copy';

export function createScheduler(options: SchedulerOptions): Scheduler {
  const { store, log } = options;
  let task: ScheduledTask | undefined;
  let copying: Promise<void> = Promise.resolve();
  const look = () => {
    for (const row of store.plans.list()) {
      try {
        advance(options, row);
      } catch (error) {
        // One plan's trouble (a zone that is gone, a full disk) must not keep the others from running.
        log.error({ err: error, plan: row.name }, 'the schedule of a plan could not be looked at');
      }
    }
    if (isCopyDue(options)) copying = copying.then(() => copy(options));
  };
  const tick = () => {
    try {
      look();
    } catch (error) {
      log.error({ err: error }, 'the schedules could not be looked at; trying again in a minute');
    }
  };
  return {
    tick,
    start() {
      task = everyMinute('* * * * *', tick, {
        name: 'schedule',
        noOverlap: true,
        suppressMissedWarning: true,
      });
      tick();
    },
    async stop() {
      await task?.destroy();
      await copying;
    },
  };
}

/** What is due is requested and marked as such in one transaction: neither lost nor doubled by a crash between. */
function advance({ plans, jobs, store, clock, dueTimes }: SchedulerOptions, row: PlanRow): void {
  const { id } = row;
  if (row.state !== 'armed') return;
  const now = clock.now();
  const dueAt = trueDueAt(row, now, dueTimes);
  if (dueAt === null || dueAt > now) {
    if (dueAt !== row.nextDueAt) plans.setDue(id, { nextDueAt: dueAt });
    return;
  }
  store.commit(() => {
    const cause = now - dueAt > MISSED_AFTER_MS ? 'missed' : 'schedule';
    jobs.request({ kind: 'backup', planId: id, planName: row.name, lane: id, cause, dueAt });
    // However many runs were missed, this one makes up for all of them.
    plans.setDue(id, { lastDueAt: now, nextDueAt: dueTimes.dueAfter(now, row) });
  });
}

/**
 * The stored time, unless the clock was set back since: it would then be too far away. Never a time up to the last
 * run's, so that setting the clock back by less than an interval doubles no run.
 */
function trueDueAt(row: PlanRow, now: number, dueTimes: DueTimes): number | null {
  if (row.schedule.kind === 'manual') return null;
  const expected = dueTimes.dueAfter(believedLastDue(row, now, dueTimes), row);
  if (row.nextDueAt === null || expected === null) return expected;
  return Math.min(row.nextDueAt, expected);
}

/** A last run that lies further ahead than the next two would be is of a clock that was wrong. */
function believedLastDue(row: PlanRow, now: number, dueTimes: DueTimes): number {
  const { lastDueAt } = row;
  if (lastDueAt === null || lastDueAt <= now) return now;
  const first = dueTimes.dueAfter(now, row) ?? now;
  const second = dueTimes.dueAfter(first, row) ?? now;
  return lastDueAt - now > second - first + HOUR_MS ? now : lastDueAt;
}

interface CopyFact {
  readonly at: number;
  readonly seq: number;
}

/** Hourly, and only when something has happened. */
function isCopyDue({ store, clock }: SchedulerOptions): boolean {
  const last = store.facts.get(COPY_FACT) as CopyFact | undefined;
  if (!last) return true;
  return Math.abs(clock.now() - last.at) >= HOUR_MS && last.seq !== store.events.newestSeq();
}

async function copy(options: SchedulerOptions): Promise<void> {
  const { store, clock, log } = options;
  if (!isCopyDue(options)) return;
  const fact: CopyFact = { at: clock.now(), seq: store.events.newestSeq() };
  try {
    await store.copy();
    store.commit(() => store.facts.set(COPY_FACT, fact));
  } catch (error) {
    log.error({ err: error }, 'the hourly copy of the database failed; trying again in a minute');
  }
}
