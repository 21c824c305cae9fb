import * as Type from 'typebox';
import type { Static } from 'typebox';
import { Bytes, closed, Count, EpochMs, ResticId, Uuid } from '../schema.ts';
import type { ErrorBody } from '../errors.ts';
import { Location } from './plan.ts';

/** A restore that waits for a person at the machine, from proposal to result. */
export const REQUEST_STATES = [
  'proposed',
  'opened',
  'verified',
  'restoring',
  'placing',
  'done',
  'incomplete',
  'failed',
  'declined',
  'expired',
  'cancelled',
] as const;
export type RequestState = (typeof REQUEST_STATES)[number];
export const REQUEST_END_STATES: ReadonlySet<RequestState> = new Set([
  'done',
  'incomplete',
  'failed',
  'declined',
  'expired',
  'cancelled',
]);

export const REQUEST_ORIGINS = ['space', 'user', 'page'] as const;
export type RequestOrigin = (typeof REQUEST_ORIGINS)[number];

/**
 * What becomes of a file that is there already and that the snapshot has, too. keep: it stays. different: replaced unless
 * type, size, modification time and rights are the same. replace: always. rename: it stays, the snapshot's gets a new
 * name beside it.
 */
export const RESTORE_CONFLICTS = ['keep', 'different', 'replace', 'rename'] as const;
export type RestoreConflict = (typeof RESTORE_CONFLICTS)[number];

/** What the person chose at the machine. Nothing of it can come from Space. */
export const RestoreChoice = closed({
  /** Absolute. Absent: a new directory beside the source. */
  target: Type.Optional(Type.String({ pattern: '^/' })),
  inPlace: Type.Optional(Type.Boolean()),
  /** Absolute paths inside the snapshot; absent or empty = everything. */
  include: Type.Optional(Type.Array(Type.String({ pattern: '^/' }), { maxItems: 1000 })),
  /** Keep setuid bits and foreign owners that are stripped by default. */
  keepSpecial: Type.Optional(Type.Boolean()),
  /** false: what was written is not read again and compared. */
  verify: Type.Optional(Type.Boolean()),
  /** With it a target may hold something. Absent: a target must be new or empty, and in place means `replace`. */
  conflict: Type.Optional(
    Type.Union([
      Type.Literal('keep'),
      Type.Literal('different'),
      Type.Literal('replace'),
      Type.Literal('rename'),
    ]),
  ),
  /** What the target has and the snapshot has not leaves it, too (it is kept for undo). Else it stays. */
  deleteExtra: Type.Optional(Type.Boolean()),
});
export type RestoreChoice = Static<typeof RestoreChoice>;

/** What may be chosen before a person is at the terminal. Deleting, special rights and not verifying are said there. */
export const PreparedChoice = closed({
  target: RestoreChoice.properties.target,
  inPlace: RestoreChoice.properties.inPlace,
  include: RestoreChoice.properties.include,
  conflict: RestoreChoice.properties.conflict,
});
export type PreparedChoice = Static<typeof PreparedChoice>;

/** What a restore would do, from restic's dry run and the target's file system. */
export const RestorePreview = Type.Object({
  target: Type.String(),
  targetExists: Type.Boolean(),
  inPlace: Type.Boolean(),
  filesTotal: Count,
  bytesTotal: Bytes,
  filesNew: Count,
  filesChanged: Count,
  filesUnchanged: Count,
  /** Files of the target that the snapshot does not have: they stay unless `deletesExtra`. */
  filesExtra: Count,
  deletesExtra: Type.Optional(Type.Boolean()),
  /** The rule for files that are there already; absent where none can be. */
  conflict: Type.Optional(Type.Unsafe<RestoreConflict>(Type.Enum(RESTORE_CONFLICTS))),
  /** The first few of each, as paths below the target. */
  samples: Type.Optional(
    Type.Object({
      added: Type.Array(Type.String()),
      changed: Type.Array(Type.String()),
      extra: Type.Array(Type.String()),
    }),
  ),
  /** Content to bring from the storage, at most. Absent: not known before the password is typed. */
  bytesToFetch: Type.Optional(Bytes),
  /** By the speed of the last restores; absent before the first one. */
  estimateMs: Type.Optional(Count),
  freeBytes: Bytes,
  freeInodes: Count,
  fits: Type.Boolean(),
  warnings: Type.Array(Type.String()),
});
export type RestorePreview = Static<typeof RestorePreview>;

export const RestoreRequest = Type.Object({
  id: Uuid,
  /** Short speakable code, e.g. `7F3K`. */
  code: Type.String(),
  state: Type.Unsafe<RequestState>(Type.String()),
  origin: Type.Unsafe<RequestOrigin>(Type.String()),
  /** Absent when the repository belongs to no plan of this machine (a Backup URL). */
  planId: Type.Optional(Uuid),
  planName: Type.Optional(Type.String()),
  snapshotId: ResticId,
  takenAt: Type.Optional(EpochMs),
  filesTotal: Type.Optional(Count),
  bytesTotal: Type.Optional(Bytes),
  /** How far behind the newest snapshot of the plan this one is. */
  newerSnapshots: Type.Optional(Count),
  /** Time of that newest one. */
  newestTakenAt: Type.Optional(EpochMs),
  /** Date of the user key, shown beside the password prompt. */
  userKeyCreatedAt: Type.Optional(EpochMs),
  /** Text from outside, cleaned; shown as a quotation only. */
  note: Type.Optional(Type.String()),
  createdAt: EpochMs,
  expiresAt: EpochMs,
  /** What was prepared for it, then what the person chose when the password was typed. */
  choice: Type.Optional(RestoreChoice),
  /** Why it was declined, failed or cancelled. */
  reason: Type.Optional(Type.String()),
  jobId: Type.Optional(Uuid),
  /** Where a restore in place keeps the old files, for undo. */
  undoPath: Type.Optional(Type.String()),
  /** When they are removed. Absent with an `undoPath`: the restore was interrupted, they stay until they are put back. */
  undoUntil: Type.Optional(EpochMs),
  /** Where that is what the restore had brought, after it was killed while it placed files, or undone. Never removed. */
  asidePath: Type.Optional(Type.String()),
  /** What was last shown of what it would do. */
  preview: Type.Optional(RestorePreview),
  /** What an interrupted restore has fetched so far, so that it need not be fetched again; removed at `until`. */
  staged: Type.Optional(Type.Object({ path: Type.String(), bytes: Bytes, until: EpochMs })),
  error: Type.Optional(Type.Unsafe<ErrorBody>(Type.Object({ code: Type.String(), message: Type.String() }))),
});
export type RestoreRequest = Static<typeof RestoreRequest>;

/** How a person at the machine or the page asks for a restore. Exactly one of the three ways. */
export const NewRestoreRequest = closed({
  /** Snapshot id (ours or restic's, a unique prefix is enough) or `latest`, which needs `plan`. */
  snapshot: Type.Optional(Type.String({ minLength: 4, maxLength: 64 })),
  plan: Type.Optional(Type.String()),
  backupUrl: Type.Optional(Type.String({ maxLength: 8192 })),
  /** How the storage of one's own is reached that the Backup URL names: keys, certificates. */
  location: Type.Optional(Location),
  /** What the restore begins with; the person at the terminal sees it and may choose otherwise. */
  choice: Type.Optional(PreparedChoice),
});
export type NewRestoreRequest = Static<typeof NewRestoreRequest>;

/** A restore that was killed while it placed files, or an undo, after a helper put it right. */
export const KilledRestore = Type.Object({
  requestId: Uuid,
  target: Type.String(),
  /** Old files were away and are back. */
  putBack: Type.Boolean(),
  /** The kept tree, if it is still there. */
  undoPath: Type.Optional(Type.String()),
  /** Where that is what it had brought. */
  asidePath: Type.Optional(Type.String()),
});
export type KilledRestore = Static<typeof KilledRestore>;
