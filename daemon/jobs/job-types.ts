import type { Job, JobCause, JobKind, JobResult, Progress, HelperProgress } from '../../contract/index.ts';
import type { Append } from '../store/store.ts';
import type { JobFilter } from '../store/job-table.ts';

/** A request for a job. */
export interface NewJob {
  readonly kind: JobKind;
  readonly planId?: string;
  readonly planName?: string;
  readonly requestId?: string;
  /** Jobs of one lane never run at the same time. */
  readonly lane: string;
  readonly cause: JobCause;
  /** The handler's own, kept with the job. */
  readonly params?: unknown;
  /** When it was due; earlier ones run first. Default: now. */
  readonly dueAt?: number;
  readonly notBeforeAt?: number;
}

/** Why a running job is asked to stop: `signal.reason` of its handler. */
export type StopReason = 'cancel' | 'interrupt';

export interface JobContext {
  readonly job: Job;
  readonly params: unknown;
  /** Aborted with a StopReason; the handler then stops cleanly and throws AppError `cancelled`. */
  readonly signal: AbortSignal;
  readonly progress: (progress: HelperProgress) => void;
}

export interface JobOutcome {
  readonly state: 'succeeded' | 'incomplete';
  readonly result: JobResult;
  /** One sentence for `incomplete`, or a remark. */
  readonly reason?: string;
  /** Runs in the transaction that ends the job: what must be true exactly when it is. */
  readonly commit?: (append: Append) => void;
}

/**
 * Does the work of one job kind. Never writes job state.
 * @throws AppError: `retry: 'backoff'` makes the job wait and try again, anything else fails it
 */
export interface JobHandler {
  run(context: JobContext): Promise<JobOutcome>;
  /** After a crash or stop: queue it again, or end it. Called once at start for each job that was running. */
  onInterrupted(job: Job): 'requeue' | { readonly fail: string };
  /** Also written when a job of this kind ends without an outcome (failed, cancelled). */
  onEnded?(job: Job, append: Append): void;
}

export interface Jobs {
  handle(kind: JobKind, handler: JobHandler): void;
  /** Queues it; for a backup of a plan that has an unfinished one, answers with that one. */
  request(job: NewJob): Job;
  /**
   * @throws AppError `not_found`, or `conflict` when it has ended
   */
  cancel(id: string, reason: string): Job;
  get(id: string): Job | undefined;
  /** By id or unique prefix. */
  find(idPrefix: string): Job | undefined;
  list(filter: JobFilter): Job[];
  /** Settles what a former process left, then runs what is due. */
  start(): void;
  /** Interrupts what runs and starts nothing more; resolves when all handlers have ended. */
  stop(): Promise<void>;
  /** Resolves when nothing runs and nothing is due now. For tests and `--once`. */
  idle(): Promise<void>;
  /** Ends the wait of jobs that wait for this reason to go away, e.g. after sign-in. */
  wake(): void;
  onProgress(listener: (progress: Progress) => void): () => void;
}
