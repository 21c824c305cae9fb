import { AppError, JOB_END_STATES, type Job } from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { JobRow } from '../store/job-table.ts';
import type { Append, Store } from '../store/store.ts';
import type { JobHandler } from './job-types.ts';
import { jobView } from './job-view.ts';
import { nextState, type JobEvent } from './state-table.ts';

export interface JobRecordsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly handlerOf: (row: JobRow) => JobHandler | undefined;
}

/** What changes with a transition. */
export interface TransitionDetails {
  readonly change?: Partial<
    Pick<JobRow, 'reason' | 'attempt' | 'result' | 'error' | 'notBeforeAt' | 'startedAt'>
  >;
  /** Runs in the same transaction; if it throws, nothing has happened. */
  readonly commit?: ((append: Append) => void) | undefined;
}

/** The only writer of job state: each transition and its event are one transaction. */
export interface JobRecords {
  insert(row: JobRow): JobRow;
  /** @throws AppError `conflict` when this can't happen to the job in its present state */
  apply(id: string, event: JobEvent, details?: TransitionDetails): JobRow;
}

export function createJobRecords(options: JobRecordsOptions): JobRecords {
  const { store, clock } = options;
  return {
    insert: (row) =>
      store.commit((append) => {
        store.jobs.insert(row);
        append('job.state', { job: jobView(row) });
        return row;
      }),
    apply: (id, event, details = {}) =>
      store.commit((append) => {
        const row = transitioned(store, id, event, { clock, details });
        details.commit?.(append);
        if (row.state === 'failed' || row.state === 'cancelled') callOnEnded(options, row);
        append('job.state', { job: jobView(row) });
        return row;
      }),
  };
}

function transitioned(
  store: Store,
  id: string,
  event: JobEvent,
  { clock, details }: { clock: Clock; details: TransitionDetails },
): JobRow {
  const before = store.jobs.get(id);
  if (!before) throw new AppError('not_found', `no job ${id}`);
  const state = nextState(before.state, event);
  if (!state)
    throw new AppError('conflict', `job ${id.slice(0, 8)} is ${before.state}: it can't ${event} now`);
  const endedAt = JOB_END_STATES.has(state) ? { endedAt: clock.now() } : {};
  const change = { state, ...endedAt, ...details.change };
  store.jobs.update(id, change);
  return { ...before, ...change };
}

/** A handler's fault here must not keep the job from ending; only what it wrote is undone. */
function callOnEnded({ store, log, handlerOf }: JobRecordsOptions, row: JobRow): void {
  const job: Job = jobView(row);
  try {
    store.commit((append) => handlerOf(row)?.onEnded?.(job, append));
  } catch (error) {
    if (error instanceof AppError && error.code === 'no_space') throw error;
    log.error({ err: error, job: row.id, kind: row.kind }, 'what follows the end of a job failed');
  }
}
