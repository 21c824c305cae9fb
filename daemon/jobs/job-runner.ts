import { AppError, type Progress } from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Chance } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { JobRow } from '../store/job-table.ts';
import type { Store } from '../store/store.ts';
import { endingOfError, endingOfOutcome, failure, interruption, isOutOfTime } from './job-ending.ts';
import type { JobEnding, RetryLimits } from './job-ending.ts';
import type { JobRecords } from './job-records.ts';
import type { JobContext, JobHandler, JobOutcome, StopReason } from './job-types.ts';
import { jobView } from './job-view.ts';
import type { ProgressBoard } from './progress-board.ts';

export interface JobRunnerOptions {
  readonly store: Store;
  readonly records: JobRecords;
  readonly board: ProgressBoard;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly limits: RetryLimits;
  readonly handlerOf: (row: JobRow) => JobHandler | undefined;
  /** Longest wait of stop() for handlers. */
  readonly stopLimitMs: number;
  /** Pause before a refused write of the database is tried again. */
  readonly writeRetryMs: number;
  /** Jobs that may run at the same time on this machine. */
  readonly atOnce: number;
}

interface Running {
  readonly row: JobRow;
  readonly controller: AbortController;
  /** Its handler outlived the stop: what it still says no longer counts. */
  abandoned: boolean;
  done: Promise<void>;
}

type Verdict = { readonly outcome: JobOutcome } | { readonly error: unknown };

/** Waits are looked at this often at least, so that a jump of the clock is noticed. */
const LONGEST_SLEEP_MS = 60_000;
/** A wait beyond this can only come from a clock that was wrong. */
const LONGEST_WAIT_MS = 25 * 3_600_000;

/** Starts due jobs in order of their due time, and turns what their handlers answer into transitions. */
export class JobRunner {
  readonly #options: JobRunnerOptions;
  readonly #running = new Map<string, Running>();
  readonly #idleWaiters = new Set<() => void>();
  readonly #stopping = new AbortController();
  #started = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: JobRunnerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#started = true;
    this.pumpSoon();
  }

  /** After the current transaction, if there is one. */
  pumpSoon(): void {
    queueMicrotask(() => this.#pump());
  }

  abort(jobId: string, reason: StopReason): void {
    this.#running.get(jobId)?.controller.abort(reason);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    for (const { controller } of this.#running.values()) {
      if (!controller.signal.aborted) controller.abort('interrupt' satisfies StopReason);
    }
    await this.#allDone();
    for (const running of this.#running.values()) this.#abandon(running);
    this.#tellIdle();
  }

  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idleWaiters.add(resolve);
      this.#tellIdle();
    });
  }

  get #active(): boolean {
    return this.#started && !this.#stopping.signal.aborted;
  }

  #pump(): void {
    if (!this.#active) return;
    clearTimeout(this.#timer);
    let sleepMs = LONGEST_SLEEP_MS;
    try {
      for (const row of this.#options.store.jobs.pending()) this.#advance(row);
      sleepMs = this.#untilNextDueMs();
    } catch (error) {
      this.#options.log.error({ err: error }, 'jobs could not be started; trying again');
      sleepMs = this.#options.writeRetryMs;
    }
    this.#timer = setTimeout(() => this.#pump(), sleepMs).unref();
    this.#tellIdle();
  }

  #advance(row: JobRow): void {
    const { records, clock, limits } = this.#options;
    if (row.state === 'waiting') {
      if (!this.#isDue(row)) return;
      if (isOutOfTime(row, clock.now(), limits)) return void records.apply(row.id, 'expire');
      records.apply(row.id, 'unblock', { change: { notBeforeAt: null } });
    }
    if (this.#hasRoomFor(row)) this.#begin(row);
  }

  #isDue(row: JobRow): boolean {
    const waitMs = (row.notBeforeAt ?? 0) - this.#options.clock.now();
    return waitMs <= 0 || (row.attempt > 0 && waitMs > LONGEST_WAIT_MS);
  }

  #hasRoomFor(row: JobRow): boolean {
    const running = [...this.#running.values()];
    return running.length < this.#options.atOnce && running.every((other) => other.row.lane !== row.lane);
  }

  #begin(queued: JobRow): void {
    const { records, clock } = this.#options;
    const attempt = queued.attempt + 1;
    const change = { attempt, startedAt: clock.now(), reason: null, error: null, notBeforeAt: null };
    const row = records.apply(queued.id, 'start', { change });
    const running: Running = {
      row,
      controller: new AbortController(),
      abandoned: false,
      done: Promise.resolve(),
    };
    this.#running.set(row.id, running);
    running.done = this.#work(running).finally(() => {
      this.#running.delete(row.id);
      this.#pump();
      this.#tellIdle();
    });
  }

  async #work(running: Running): Promise<void> {
    const verdict = await this.#runHandler(running);
    while (!running.abandoned) {
      if (this.#settle(running, verdict)) return;
      await sleep(this.#options.writeRetryMs, this.#stopping.signal);
      // The row still says running: the next start settles it.
      if (this.#stopping.signal.aborted) return;
    }
  }

  async #runHandler(running: Running): Promise<Verdict> {
    const { row, controller } = running;
    const { board, log, handlerOf } = this.#options;
    const handler = handlerOf(row);
    if (!handler)
      return { error: new AppError('failed', `the agent can't do work of the kind "${row.kind}"`) };
    let isOpen = true;
    const progress: JobContext['progress'] = (newest) => {
      if (isOpen && !running.abandoned) board.report(row.id, clamped(newest));
    };
    try {
      const context = { job: jobView(row), params: row.params, signal: controller.signal, progress };
      return { outcome: await handler.run(context) };
    } catch (error) {
      if (!(error instanceof AppError) && !controller.signal.aborted) {
        log.error({ err: error, job: row.id, kind: row.kind }, 'a job failed for an unknown reason');
      }
      return { error };
    } finally {
      // Before the end is told, so that no progress follows it.
      isOpen = false;
      board.end(row.id);
    }
  }

  /** @returns false when the database refused the write for now */
  #settle(running: Running, verdict: Verdict): boolean {
    const { records, log } = this.#options;
    try {
      const ending = this.#endingOf(running, verdict);
      try {
        records.apply(running.row.id, ending.event, ending.details);
      } catch (error) {
        if (isFull(error) || !ending.details.commit) throw error;
        log.error({ err: error, job: running.row.id }, 'the outcome of a job could not be kept');
        const refused = failure(error);
        records.apply(running.row.id, refused.event, refused.details);
      }
      return true;
    } catch (error) {
      log.error({ err: error, job: running.row.id }, 'the end of a job could not be written; trying again');
      return false;
    }
  }

  #endingOf({ row, controller }: Running, verdict: Verdict): JobEnding {
    if ('outcome' in verdict) return endingOfOutcome(verdict.outcome);
    const { store, clock, limits, chance } = this.#options;
    return endingOfError(verdict.error, {
      row: store.jobs.get(row.id) ?? row,
      stop: controller.signal.aborted ? (controller.signal.reason as StopReason) : undefined,
      now: clock.now(),
      limits,
      chance,
    });
  }

  async #allDone(): Promise<void> {
    const limit = new AbortController();
    const all = Promise.all([...this.#running.values()].map((running) => running.done));
    await Promise.race([all, sleep(this.#options.stopLimitMs, limit.signal)]);
    limit.abort();
  }

  #abandon(running: Running): void {
    const { records, log } = this.#options;
    running.abandoned = true;
    this.#options.board.end(running.row.id);
    log.warn({ job: running.row.id, kind: running.row.kind }, 'a job did not stop in time');
    try {
      const { event, details } = interruption('the agent was stopped before this had ended');
      records.apply(running.row.id, event, details);
    } catch (error) {
      // The row still says running: the next start settles it.
      log.error({ err: error, job: running.row.id }, 'an interrupted job could not be marked');
    }
  }

  #untilNextDueMs(): number {
    const waits = this.#options.store.jobs.pending().filter((row) => row.state === 'waiting');
    const now = this.#options.clock.now();
    const times = waits.map((row) => Math.max(0, (row.notBeforeAt ?? 0) - now));
    return Math.min(LONGEST_SLEEP_MS, ...times);
  }

  #tellIdle(): void {
    if (this.#idleWaiters.size === 0 || !this.#isIdle()) return;
    for (const resolve of this.#idleWaiters) resolve();
    this.#idleWaiters.clear();
  }

  #isIdle(): boolean {
    if (!this.#active) return this.#stopping.signal.aborted || this.#running.size === 0;
    if (this.#running.size > 0) return false;
    return this.#options.store.jobs.pending().every((row) => row.state === 'waiting' && !this.#isDue(row));
  }
}

const isFull = (error: unknown): boolean => error instanceof AppError && error.code === 'no_space';

function clamped<P extends Pick<Progress, 'fraction'>>(progress: P): P {
  if (progress.fraction === undefined) return progress;
  return { ...progress, fraction: Math.min(1, Math.max(0, progress.fraction)) };
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end, { once: true });
  });
}
