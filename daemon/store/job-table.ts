import type { ErrorBody, JobCause, JobKind, JobResult, JobState } from '../../contract/index.ts';

export interface JobRow {
  readonly id: string;
  readonly kind: JobKind;
  readonly planId: string | null;
  readonly planName: string | null;
  readonly requestId: string | null;
  /** Jobs of one lane never run at the same time: the plan id, or the repository address. */
  readonly lane: string;
  readonly cause: JobCause;
  readonly state: JobState;
  readonly reason: string | null;
  readonly attempt: number;
  /** The handler's own; JSON. */
  readonly params: unknown;
  readonly result: JobResult | null;
  readonly error: ErrorBody | null;
  readonly createdAt: number;
  readonly dueAt: number;
  readonly notBeforeAt: number | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

export interface JobFilter {
  readonly planId?: string;
  readonly state?: JobState;
  /** Only jobs that have not ended. */
  readonly active?: boolean;
  readonly kind?: JobKind;
  readonly limit?: number;
}

export interface JobTable {
  insert(row: JobRow): void;
  update(id: string, change: Partial<Omit<JobRow, 'id'>>): void;
  get(id: string): JobRow | undefined;
  /** By full id or unique prefix of at least 4 characters. */
  find(idPrefix: string): JobRow | undefined;
  /** Newest first. */
  list(filter: JobFilter): JobRow[];
  /** Queued and waiting jobs by due time, oldest first. */
  pending(): JobRow[];
  /** End of the newest backup of a plan that ended in this state. */
  lastEndedAt(planId: string, state: JobState): number | undefined;
  lastStartedAt(planId: string): number | undefined;
}
