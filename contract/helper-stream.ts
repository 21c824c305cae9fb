import * as Type from 'typebox';
import type { Static } from 'typebox';
import type { ErrorBody } from './errors.ts';
import { PROGRESS_PHASES, type ProgressPhase } from './model/job.ts';
import { SnapshotEntry } from './model/snapshot.ts';
import { Bytes, closed, Count, EpochMs } from './schema.ts';

// The lines between daemon and helper that follow a request.

/** Temporary storage keys, only ever in the memory of daemon and helper. */
export const StorageCredentials = closed({
  accessKeyId: Type.String(),
  secretAccessKey: Type.String(),
  sessionToken: Type.String(),
  expiresAt: EpochMs,
});
export type StorageCredentials = Static<typeof StorageCredentials>;

export const HelperInput = Type.Union([
  closed({ type: Type.Literal('credentials'), credentials: StorageCredentials }),
  /** `keep`: only for now, so that a restore leaves what it has fetched for the next run. */
  closed({ type: Type.Literal('cancel'), keep: Type.Optional(Type.Boolean()) }),
]);
export type HelperInput = Static<typeof HelperInput>;

const HelperProgress = Type.Object({
  phase: Type.Unsafe<ProgressPhase>(Type.Enum(PROGRESS_PHASES)),
  fraction: Type.Optional(Type.Number()),
  filesDone: Count,
  filesTotal: Type.Optional(Count),
  bytesDone: Bytes,
  bytesTotal: Type.Optional(Bytes),
  bytesPerSecond: Type.Optional(Type.Number()),
  remainingMs: Type.Optional(Count),
  stall: Type.Optional(Type.String()),
});
export type HelperProgress = Static<typeof HelperProgress>;

export const HelperOutput = Type.Union([
  /** The helper runs; `channelPath`, where the request names one, now listens. */
  Type.Object({ type: Type.Literal('ready') }),
  /** Answer with a `credentials` input; asked again before they expire, and held for as long as it takes. */
  Type.Object({ type: Type.Literal('credentials-needed') }),
  Type.Object({ type: Type.Literal('progress'), progress: HelperProgress }),
  /** A part of a long list. The helper waits until it is read. */
  Type.Object({ type: Type.Literal('entries'), entries: Type.Array(SnapshotEntry) }),
  /** From now on old files are in this kept tree; without a path: all of them are back where they were. */
  Type.Object({ type: Type.Literal('kept'), undoPath: Type.Optional(Type.String()) }),
  /** Something to keep in the log, never shown as a result. */
  Type.Object({
    type: Type.Literal('log'),
    level: Type.Union([Type.Literal('info'), Type.Literal('warn')]),
    message: Type.String(),
  }),
  Type.Object({ type: Type.Literal('result'), result: Type.Unknown() }),
  Type.Object({
    type: Type.Literal('error'),
    error: Type.Unsafe<ErrorBody>(Type.Object({ code: Type.String(), message: Type.String() })),
  }),
]);
export type HelperOutput = Static<typeof HelperOutput>;
