import { AppError, toErrorBody } from '../../contract/index.ts';
import type { Chance } from '../base/ids.ts';
import type { JobRow } from '../store/job-table.ts';
import type { TransitionDetails } from './job-records.ts';
import type { JobOutcome, StopReason } from './job-types.ts';
import type { JobEvent } from './state-table.ts';

/** When and how long a job that met a passing fault tries again. Milliseconds. */
export interface RetryLimits {
  readonly retryBaseMs: number;
  readonly retryMaxMs: number;
  /** Counted from the job's creation; after it the next fault is the last one. */
  readonly giveUpAfterMs: number;
}

export interface JobEnding {
  readonly event: JobEvent;
  readonly details: TransitionDetails;
}

export interface EndingContext {
  /** The job as it is now: perhaps `cancelling`. */
  readonly row: JobRow;
  readonly stop: StopReason | undefined;
  readonly now: number;
  readonly limits: RetryLimits;
  readonly chance: Chance;
}

export function endingOfOutcome(outcome: JobOutcome): JobEnding {
  return {
    event: outcome.state === 'succeeded' ? 'done' : 'partial',
    details: {
      change: { result: outcome.result, reason: outcome.reason ?? null, error: null },
      commit: outcome.commit,
    },
  };
}

/** What a handler's error means for its job, given what was asked of it. */
export function endingOfError(error: unknown, context: EndingContext): JobEnding {
  if (isStopAnswer(error)) {
    if (context.row.state === 'cancelling') return { event: 'stopped', details: {} };
    if (context.stop !== undefined) return interruption('the agent was stopped');
  }
  if (context.row.state === 'running' && isPassing(error)) return retryOrFail(error, context);
  return failure(error);
}

export const interruption = (reason: string): JobEnding => ({
  event: 'interrupt',
  details: { change: { reason } },
});

export function failure(error: unknown): JobEnding {
  const body = toErrorBody(error);
  return { event: 'fail', details: { change: { reason: body.message, error: body } } };
}

/** Has a waiting job waited for as long as it may? The first try never counts: it may be of before a long stop. */
export function isOutOfTime(row: JobRow, now: number, limits: RetryLimits): boolean {
  return row.attempt > 1 && now - row.createdAt >= limits.giveUpAfterMs;
}

/** After being asked to stop, only a definite answer counts as anything but the stop. */
const isStopAnswer = (error: unknown): boolean =>
  !(error instanceof AppError) || error.code === 'cancelled' || error.retry === 'backoff';

const isPassing = (error: unknown): error is AppError =>
  error instanceof AppError && error.retry === 'backoff';

function retryOrFail(error: AppError, { row, now, limits, chance }: EndingContext): JobEnding {
  if (isOutOfTime(row, now, limits)) return failure(error);
  const waitMs = Math.max(retryDelayMs(row.attempt, limits, chance), error.retryAfterMs ?? 0);
  const change = { reason: error.message, error: toErrorBody(error), notBeforeAt: now + waitMs };
  return { event: 'retry', details: { change } };
}

/** Full jitter: anything between the base and a ceiling that doubles with each attempt, up to the greatest. */
export function retryDelayMs(attempt: number, limits: RetryLimits, chance: Chance): number {
  const doublings = Math.min(attempt, 30);
  const ceilingMs = Math.max(
    limits.retryBaseMs,
    Math.min(limits.retryMaxMs, limits.retryBaseMs * 2 ** doublings),
  );
  return limits.retryBaseMs + chance.integer(ceilingMs - limits.retryBaseMs + 1);
}
