import * as Type from 'typebox';
import type { Static } from 'typebox';
import { Bytes, Count, EpochMs, ResticId, Uuid } from '../schema.ts';

export const SnapshotRef = Type.Object({ id: Uuid, resticId: ResticId, takenAt: EpochMs });
export type SnapshotRef = Static<typeof SnapshotRef>;

/** How much of the snapshots an answer is about. Those not yet indexed follow in the background. */
export const IndexState = Type.Object({
  snapshots: Count,
  indexed: Count,
  /** Why the rest does not follow. */
  problem: Type.Optional(Type.String()),
});
export type IndexState = Static<typeof IndexState>;

/** One path, over all snapshots of its plan; size and times are those of the last snapshot that has it. */
export const FoundFile = Type.Object({
  planId: Uuid,
  planName: Type.String(),
  /** Bytes that are no UTF-8 show as U+FFFD: such a path can be shown, but not chosen. */
  path: Type.String(),
  type: Type.String(),
  sizeBytes: Type.Optional(Bytes),
  modifiedAt: Type.Optional(Type.Integer()),
  firstSeen: SnapshotRef,
  lastSeen: SnapshotRef,
  /** In how many snapshots it is, and in how many different states (content or metadata). */
  snapshots: Count,
  states: Count,
  /** Not in the newest indexed snapshot of its plan. */
  deleted: Type.Boolean(),
});
export type FoundFile = Static<typeof FoundFile>;

export const FindAnswer = Type.Object({
  files: Type.Array(FoundFile),
  /** There are more than the limit. */
  more: Type.Boolean(),
  index: IndexState,
});
export type FindAnswer = Static<typeof FindAnswer>;

/** changed: type, size or time of content. metadata: only rights or owner; of a directory also its time. */
export const DIFF_KINDS = ['added', 'removed', 'changed', 'metadata'] as const;
export type DiffKind = (typeof DIFF_KINDS)[number];

export const DiffEntry = Type.Object({
  change: Type.Unsafe<DiffKind>(Type.Enum(DIFF_KINDS)),
  path: Type.String(),
  /** In the later of the two arguments; for what was removed, in the first. */
  type: Type.String(),
  sizeBytes: Type.Optional(Bytes),
  formerSizeBytes: Type.Optional(Bytes),
  modifiedAt: Type.Optional(Type.Integer()),
});
export type DiffEntry = Static<typeof DiffEntry>;

/** What b has otherwise than a. Content is compared by size and modification time, as the lists tell them. */
export const DiffAnswer = Type.Object({
  a: SnapshotRef,
  b: SnapshotRef,
  counts: Type.Object({ added: Count, removed: Count, changed: Count, metadata: Count }),
  addedBytes: Bytes,
  removedBytes: Bytes,
  entries: Type.Array(DiffEntry),
  /** Give it as `after` for the next page; absent on the last one. */
  next: Type.Optional(Count),
});
export type DiffAnswer = Static<typeof DiffAnswer>;
