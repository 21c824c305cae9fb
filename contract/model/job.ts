import * as Type from 'typebox';
import type { Static } from 'typebox';
import { Bytes, Count, EpochMs, ResticId, Uuid } from '../schema.ts';
import type { ErrorBody } from '../errors.ts';

export const JOB_KINDS = ['backup', 'restore', 'check'] as const;
export type JobKind = (typeof JOB_KINDS)[number];

/** Who or what asked for a job. */
export const JOB_CAUSES = ['schedule', 'missed', 'user', 'space', 'request'] as const;
export type JobCause = (typeof JOB_CAUSES)[number];

export const JOB_STATES = [
  'queued',
  'waiting',
  'running',
  'cancelling',
  'interrupted',
  'succeeded',
  'incomplete',
  'failed',
  'cancelled',
] as const;
export type JobState = (typeof JOB_STATES)[number];
export const JOB_END_STATES: ReadonlySet<JobState> = new Set([
  'succeeded',
  'incomplete',
  'failed',
  'cancelled',
]);

/** Files that could not be read or placed: how many, and the first 20 by name. */
export const Skipped = Type.Object({
  count: Count,
  first: Type.Array(Type.Object({ path: Type.String(), reason: Type.String() }), { maxItems: 20 }),
});
export type Skipped = Static<typeof Skipped>;

export const BackupResult = Type.Object({
  kind: Type.Literal('backup'),
  /** Our UUID of the snapshot, which is what Space knows it by. */
  snapshotUuid: Uuid,
  snapshotId: ResticId,
  filesNew: Count,
  filesChanged: Count,
  filesUnmodified: Count,
  filesTotal: Count,
  bytesTotal: Bytes,
  /** Bytes added to the repository as stored. */
  addedBytes: Bytes,
  durationMs: Count,
  skipped: Skipped,
  /** Sentences a person should read although a snapshot exists, e.g. that a source has become empty. */
  warnings: Type.Array(Type.String()),
});
export type BackupResult = Static<typeof BackupResult>;

export const MergedFiles = Type.Object({
  /** Not there before. */
  added: Count,
  /** There before, now as in the snapshot. */
  replaced: Count,
  /** There before, and the same. */
  same: Count,
  /** There before, and left as they were. */
  kept: Count,
  /** Of the snapshot, under a new name beside the one that stays. */
  renamed: Count,
  /** Not in the snapshot: left where they are. */
  extra: Count,
  /** Not in the snapshot: now only in the kept tree. */
  deleted: Count,
});
export type MergedFiles = Static<typeof MergedFiles>;

export const RestoreResult = Type.Object({
  kind: Type.Literal('restore'),
  target: Type.String(),
  filesRestored: Count,
  bytesRestored: Bytes,
  /** Files whose content was read again from disk and compared with the snapshot. */
  filesVerified: Count,
  /** Files, links and directories whose kind, rights, owner, size and time were compared with the snapshot's list. */
  entriesCompared: Type.Optional(Count),
  /** Files of at most 512 KiB, drawn by lot, whose content was hashed by us and is a block of the repository. */
  filesHashed: Type.Optional(Count),
  /** What an earlier, interrupted run had fetched, as it lay on the disk. */
  resumedBytes: Type.Optional(Bytes),
  durationMs: Count,
  skipped: Skipped,
  /** Setuid bits, device nodes and the like that were not brought back. */
  stripped: Skipped,
  /** Where the former content of an in-place target is kept, until `undoUntil`. */
  undoPath: Type.Optional(Type.String()),
  undoUntil: Type.Optional(EpochMs),
  /** What the disk gets back when that is removed; files that did not change are not kept twice. */
  undoBytes: Type.Optional(Bytes),
  /** Names the request to people, e.g. for its undo. */
  requestCode: Type.Optional(Type.String()),
  /** Files by what became of them, where the target held some before. */
  merged: Type.Optional(MergedFiles),
  warnings: Type.Array(Type.String()),
});
export type RestoreResult = Static<typeof RestoreResult>;

export const CheckResult = Type.Object({
  kind: Type.Literal('check'),
  durationMs: Count,
  readDataPercent: Type.Number({ minimum: 0, maximum: 100 }),
  problems: Type.Array(Type.String()),
});
export type CheckResult = Static<typeof CheckResult>;

export const JobResult = Type.Union([BackupResult, RestoreResult, CheckResult]);
export type JobResult = Static<typeof JobResult>;

export const PROGRESS_PHASES = [
  'preparing',
  'scanning',
  'uploading',
  'downloading',
  'verifying',
  'placing',
  'finishing',
] as const;
export type ProgressPhase = (typeof PROGRESS_PHASES)[number];

/** Live, lossy, at most one per second and job, never stored. */
export const Progress = Type.Object({
  jobId: Uuid,
  phase: Type.Unsafe<ProgressPhase>(Type.String()),
  /** 0…1; absent while the total is unknown. */
  fraction: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  filesDone: Count,
  filesTotal: Type.Optional(Count),
  bytesDone: Bytes,
  bytesTotal: Type.Optional(Bytes),
  bytesPerSecond: Type.Optional(Type.Number({ minimum: 0 })),
  remainingMs: Type.Optional(Count),
  /** Why nothing moves, in words, while nothing does. */
  stall: Type.Optional(Type.String()),
});
export type Progress = Static<typeof Progress>;

export const Job = Type.Object({
  id: Uuid,
  kind: Type.Unsafe<JobKind>(Type.String()),
  planId: Type.Optional(Uuid),
  planName: Type.Optional(Type.String()),
  requestId: Type.Optional(Uuid),
  cause: Type.Unsafe<JobCause>(Type.String()),
  state: Type.Unsafe<JobState>(Type.String()),
  /** Why it waits, was interrupted or ended, in words. */
  reason: Type.Optional(Type.String()),
  attempt: Count,
  createdAt: EpochMs,
  startedAt: Type.Optional(EpochMs),
  endedAt: Type.Optional(EpochMs),
  notBeforeAt: Type.Optional(EpochMs),
  result: Type.Optional(JobResult),
  error: Type.Optional(Type.Unsafe<ErrorBody>(Type.Object({ code: Type.String(), message: Type.String() }))),
  /** The newest progress, while it runs. */
  progress: Type.Optional(Progress),
});
export type Job = Static<typeof Job>;
