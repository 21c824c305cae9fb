import { AppError, JOB_END_STATES, type Job, type JobKind } from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Chance } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { JobRow } from '../store/job-table.ts';
import type { Store } from '../store/store.ts';
import { settleFormerJobs } from './former-jobs.ts';
import type { RetryLimits } from './job-ending.ts';
import { createJobRecords, type JobRecords } from './job-records.ts';
import { JobRunner } from './job-runner.ts';
import type { JobHandler, Jobs, NewJob } from './job-types.ts';
import { jobView } from './job-view.ts';
import { createProgressBoard } from './progress-board.ts';

export interface JobsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly limits: RetryLimits;
  /** Longest wait of stop() for handlers. Default: 70 s, restic's own limit for removing its lock and a little. */
  readonly stopLimitMs?: number;
  /** Pause before a refused write of the database is tried again. Default: 5 s. */
  readonly writeRetryMs?: number;
  /** Jobs that may run at the same time on this machine. Default: 1, since all kinds are heavy. */
  readonly atOnce?: number;
}

export function createJobs(options: JobsOptions): Jobs {
  const { store, clock, log } = options;
  const handlers = new Map<JobKind, JobHandler>();
  const handlerOf = (row: JobRow) => handlers.get(row.kind);
  const records = createJobRecords({ store, clock, log, handlerOf });
  const board = createProgressBoard({ clock, log });
  const runner = new JobRunner({
    stopLimitMs: 70_000,
    writeRetryMs: 5_000,
    atOnce: 1,
    ...options,
    records,
    board,
    handlerOf,
  });
  const view = (row: JobRow) => jobView(row, board.get(row.id));
  const viewed = (row: JobRow | undefined) => row && view(row);
  return {
    handle: (kind, handler) => void handlers.set(kind, handler),
    request(job) {
      const row = store.commit(() => requested({ options, records, job }));
      runner.pumpSoon();
      return view(row);
    },
    cancel: (id, reason) => cancelled({ store, records, runner }, id, reason),
    get: (id) => viewed(store.jobs.get(id)),
    find: (idPrefix) => viewed(store.jobs.find(idPrefix)),
    list: (filter) => store.jobs.list(filter).map(view),
    start() {
      settleFormerJobs({ store, records, log, handlerOf });
      runner.start();
    },
    stop: () => runner.stop(),
    idle: () => runner.idle(),
    wake() {
      const waiting = store.jobs.pending().filter((row) => row.state === 'waiting' && row.attempt > 0);
      for (const row of waiting) endWait(records, row);
      runner.pumpSoon();
    },
    onProgress: (listener) => board.onProgress(listener),
  };
}

interface Requested {
  readonly options: JobsOptions;
  readonly records: JobRecords;
  readonly job: NewJob;
}

function requested({ options, records, job }: Requested): JobRow {
  const { store, clock, chance } = options;
  const twin =
    job.kind === 'backup' && job.planId !== undefined ? unfinishedBackup(store, job.planId) : undefined;
  if (twin) return joined({ options, records, job }, twin);
  const row = records.insert(newRow(job, chance.uuid(), clock.now()));
  if ((job.notBeforeAt ?? 0) <= clock.now()) return row;
  const change = { reason: 'not yet due', notBeforeAt: job.notBeforeAt ?? null };
  return records.apply(row.id, 'block', { change });
}

const unfinishedBackup = (store: Store, planId: string): JobRow | undefined =>
  store.jobs.list({ planId, kind: 'backup', active: true, limit: 1 })[0];

/** Who asks again may ask for more than who asked first. */
function joined({ options, records, job }: Requested, twin: JobRow): JobRow {
  if (job.params !== undefined) options.store.jobs.update(twin.id, { params: job.params });
  return isMeantNow(job) && twin.state === 'waiting' ? endWait(records, twin) : twin;
}

/** A person who asks while the same job waits for its next try means: try now. */
const isMeantNow = (job: NewJob): boolean => job.cause === 'user' || job.cause === 'space';

const endWait = (records: JobRecords, row: JobRow): JobRow =>
  records.apply(row.id, 'unblock', { change: { notBeforeAt: null } });

function newRow(job: NewJob, id: string, now: number): JobRow {
  return {
    id,
    kind: job.kind,
    planId: job.planId ?? null,
    planName: job.planName ?? null,
    requestId: job.requestId ?? null,
    lane: job.lane,
    cause: job.cause,
    state: 'queued',
    reason: null,
    attempt: 0,
    params: job.params ?? null,
    result: null,
    error: null,
    createdAt: now,
    dueAt: job.dueAt ?? now,
    notBeforeAt: null,
    startedAt: null,
    endedAt: null,
  };
}

interface Cancelling {
  readonly store: Store;
  readonly records: JobRecords;
  readonly runner: JobRunner;
}

function cancelled({ store, records, runner }: Cancelling, id: string, reason: string): Job {
  const row = store.jobs.get(id);
  if (!row) throw new AppError('not_found', `no job ${id}`, { hint: 'see `olares-backup job list`' });
  if (row.state === 'cancelling') return jobView(row);
  if (JOB_END_STATES.has(row.state)) {
    throw new AppError('conflict', `job ${id.slice(0, 8)} has ended already: ${row.state}`);
  }
  const after = records.apply(id, 'cancel', { change: { reason } });
  if (after.state === 'cancelling') runner.abort(id, 'cancel');
  else runner.pumpSoon();
  return jobView(after);
}
