import { AppError } from '../../contract/index.ts';
import type { Log } from '../base/log.ts';
import type { JobRow } from '../store/job-table.ts';
import type { Store } from '../store/store.ts';
import { failure, interruption } from './job-ending.ts';
import type { JobRecords } from './job-records.ts';
import type { JobHandler } from './job-types.ts';
import { jobView } from './job-view.ts';

export interface FormerJobsOptions {
  readonly store: Store;
  readonly records: JobRecords;
  readonly log: Log;
  readonly handlerOf: (row: JobRow) => JobHandler | undefined;
}

/** Settles what a former process of the agent left: each such job is queued again or ended, none is lost or doubled. */
export function settleFormerJobs(options: FormerJobsOptions): void {
  const { store, records, log } = options;
  for (const row of store.jobs.list({ active: true }).toReversed()) {
    if (row.state === 'queued' || row.state === 'waiting') continue;
    store.commit(() => {
      const { event, details } = interruption('the agent ended while this ran');
      const stopped = row.state === 'interrupted' ? row : records.apply(row.id, event, details);
      if (stopped.state === 'interrupted') settleInterrupted(options, stopped);
    });
    log.info({ job: row.id, kind: row.kind, was: row.state }, 'settled a job of the former process');
  }
}

function settleInterrupted(options: FormerJobsOptions, row: JobRow): void {
  const answer = answerOf(options, row);
  if (answer === 'requeue') {
    options.records.apply(row.id, 'requeue', { change: { attempt: 0, notBeforeAt: null } });
    return;
  }
  const { event, details } = failure(new AppError('failed', answer.fail));
  options.records.apply(row.id, event, details);
}

function answerOf({ handlerOf, log }: FormerJobsOptions, row: JobRow): 'requeue' | { readonly fail: string } {
  const handler = handlerOf(row);
  if (!handler) return { fail: `this version of the agent does no work of the kind "${row.kind}"` };
  try {
    return handler.onInterrupted(jobView(row));
  } catch (error) {
    log.error({ err: error, job: row.id, kind: row.kind }, 'an interrupted job could not be judged');
    return { fail: 'it was interrupted, and whether it may go on could not be found out' };
  }
}
