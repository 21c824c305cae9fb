import * as Type from 'typebox';
import type { Static } from 'typebox';
import { Bytes, Count, EpochMs, ResticId, Uuid } from '../schema.ts';

/**
 * present: in the ledger and, at the last look, in the repository. missing: made by us but gone from the repository.
 * foreign: in the repository but not made by this agent.
 */
export const SNAPSHOT_STATES = ['present', 'missing', 'foreign'] as const;
export type SnapshotState = (typeof SNAPSHOT_STATES)[number];

export const Snapshot = Type.Object({
  /** Our UUID; for a foreign snapshot derived from restic's id, so that it is stable. */
  id: Uuid,
  resticId: ResticId,
  planId: Uuid,
  planName: Type.String(),
  state: Type.Unsafe<SnapshotState>(Type.String()),
  takenAt: EpochMs,
  paths: Type.Array(Type.String()),
  filesTotal: Type.Optional(Count),
  bytesTotal: Type.Optional(Bytes),
  addedBytes: Type.Optional(Bytes),
  jobId: Type.Optional(Uuid),
  /** Some files could not be read when it was made. */
  incomplete: Type.Boolean(),
});
export type Snapshot = Static<typeof Snapshot>;

export const SnapshotEntry = Type.Object({
  /** Name inside its directory; bytes that are no UTF-8 show as U+FFFD. */
  name: Type.String(),
  path: Type.String(),
  type: Type.String(),
  sizeBytes: Type.Optional(Bytes),
  modifiedAt: Type.Optional(Type.Integer()),
  mode: Type.Optional(Type.Integer()),
  uid: Type.Optional(Type.Integer()),
  gid: Type.Optional(Type.Integer()),
});
export type SnapshotEntry = Static<typeof SnapshotEntry>;
