import * as Type from 'typebox';
import type { Static } from 'typebox';
import type { ErrorBody } from '../errors.ts';
import { Bytes, closed, Count, EpochMs, ResticId, Uuid } from '../schema.ts';
import { PlanLimits } from './limits.ts';
import { Location, PlanKey, Schedule } from './plan.ts';
import { PlanSettings } from './settings.ts';

/** Where a repository is that no plan of this machine has. Exactly one of the two. */
export const NewLook = closed({
  location: Type.Optional(Location),
  /** At Olares Space: the address, or a Backup URL. */
  address: Type.Optional(Type.String({ minLength: 1, maxLength: 8192 })),
  /** As a kit names them: keys to try first, and the repository that it must be. */
  keyIds: Type.Optional(Type.Array(ResticId, { maxItems: 8 })),
  repositoryId: Type.Optional(ResticId),
});
export type NewLook = Static<typeof NewLook>;

export const LookedSnapshot = Type.Object({
  resticId: ResticId,
  takenAt: EpochMs,
  host: Type.String(),
  paths: Type.Array(Type.String()),
  filesTotal: Type.Optional(Count),
  bytesTotal: Type.Optional(Bytes),
  /** Restores it, here or anywhere. */
  backupUrl: Type.String(),
});
export type LookedSnapshot = Static<typeof LookedSnapshot>;

/** What was found in a repository, once its password was typed. Kept in memory for a quarter of an hour. */
export const Look = Type.Object({
  id: Uuid,
  state: Type.Union([Type.Literal('waiting'), Type.Literal('done'), Type.Literal('failed')]),
  error: Type.Optional(Type.Unsafe<ErrorBody>(Type.Object({ code: Type.String(), message: Type.String() }))),
  address: Type.String(),
  repositoryId: Type.Optional(ResticId),
  /** Of the plan that made the newest snapshot. */
  planId: Type.Optional(Uuid),
  planName: Type.String(),
  /** The plan of this machine that has the repository already. */
  knownPlan: Type.Optional(Type.String()),
  settings: Type.Optional(PlanSettings),
  /** Paths of the settings, or of the newest snapshot, that do not exist here. */
  missingPaths: Type.Array(Type.String()),
  keys: Type.Array(PlanKey),
  /** Newest first. */
  snapshots: Type.Array(LookedSnapshot),
  /** Other machines of the account that Space sees online; absent where it does not tell. */
  onlineElsewhere: Type.Optional(Type.Array(Type.String())),
  /** Those of them that run this plan: it must be given up there before it is adopted. */
  runningElsewhere: Type.Optional(Type.Array(Type.String())),
});
export type Look = Static<typeof Look>;

/** What a person wants otherwise than the lost machine had it. */
export const TakeOver = closed({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  paths: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: 1000 })),
  excludes: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { maxItems: 1000 })),
  schedule: Type.Optional(Schedule),
  zone: Type.Optional(Type.String()),
  /** Each direction that is named is in place of the lost machine's. */
  limits: Type.Optional(PlanLimits),
});
export type TakeOver = Static<typeof TakeOver>;
