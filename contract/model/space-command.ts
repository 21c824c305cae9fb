import * as Type from 'typebox';
import type { Static } from 'typebox';
import { Count, EpochMs, ResticId, Uuid } from '../schema.ts';
import type { CommandKind, ResultStatus } from '../space/protocol.ts';

/** What Olares Space asked of this machine, signed by its command key, and what came of it. */
export const SpaceCommand = Type.Object({
  id: Uuid,
  /** The pairing it was signed for; another one is an earlier account or Space. */
  deviceId: Uuid,
  kind: Type.Unsafe<CommandKind>(Type.String()),
  status: Type.Unsafe<ResultStatus>(Type.String()),
  /** Why it was refused or failed. */
  code: Type.Optional(Type.String()),
  /** By Space's clock. */
  askedAt: EpochMs,
  receivedAt: EpochMs,
  /** Until when it waits for a person's yes or no (see `Status.asked`). */
  expiresAt: Type.Optional(EpochMs),
  /** Why a person declined it, in that person's words. */
  reason: Type.Optional(Type.String()),
  planId: Type.Optional(Uuid),
  /** As the plan is called now; absent when it is gone. */
  planName: Type.Optional(Type.String()),
  jobId: Type.Optional(Uuid),
  requestId: Type.Optional(Uuid),
  /** What a person here answers with: of the restore that it proposed, or of the command itself while it waits. */
  requestCode: Type.Optional(Type.String()),
  snapshotId: Type.Optional(ResticId),
  /** Text from outside, cleaned; shown as a quotation only. */
  text: Type.Optional(Type.String()),
});
export type SpaceCommand = Static<typeof SpaceCommand>;

export const SpaceCommandsAnswer = Type.Object({
  /** Newest first. */
  commands: Type.Array(SpaceCommand),
  /** How many there are in all. */
  total: Count,
});
export type SpaceCommandsAnswer = Static<typeof SpaceCommandsAnswer>;
