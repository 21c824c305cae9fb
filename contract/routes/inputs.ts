import * as Type from 'typebox';
import type { Static } from 'typebox';
import { JOB_STATES } from '../model/job.ts';
import { closed, Count, EpochMs } from '../schema.ts';

/** A plan is addressed by name or id, a request by code or id, a job by id. */
export const byPlan = closed({ plan: Type.String({ minLength: 1, maxLength: 100 }) });
export const byRequest = closed({ request: Type.String({ minLength: 4, maxLength: 36 }) });
export const byJob = closed({ job: Type.String({ minLength: 4, maxLength: 36 }) });
export const bySnapshot = closed({ snapshot: Type.String({ minLength: 4, maxLength: 64 }) });
export const nothing = Type.Null();

/**
 * Where to hand a secret: a unix socket (0600) of a helper that waits for it, so that it never passes through the
 * daemon. The sender writes `SecretMessage` as one line of JSON, and reads one line, `SecretVerdict`, back.
 */
export const SecretChannel = Type.Object({
  socketPath: Type.String(),
  expiresAt: EpochMs,
  /** Wrong passwords that may still be typed before there is a wait. */
  triesLeft: Type.Optional(Count),
});
export type SecretChannel = Static<typeof SecretChannel>;

export const ArmRequest = closed({
  /** create: a new repository. adopt: an existing one, opened with the typed password. */
  mode: Type.Union([Type.Literal('create'), Type.Literal('adopt')]),
  /** Whether a recovery key comes along. */
  recovery: Type.Boolean(),
  /** Accept a password below the strength floor; for the reference Space and tests. */
  allowWeakPassword: Type.Optional(Type.Boolean()),
});
export const KeyChange = closed({
  /** replace-user: change the password. add-recovery: new recovery words, the old ones are removed. */
  action: Type.Union([Type.Literal('replace-user'), Type.Literal('add-recovery')]),
  allowWeakPassword: Type.Optional(Type.Boolean()),
});
/** Goes on where only the estimate of the snapshot says that it will not fit: the upload ends cleanly at the limit. */
export const BackupWish = closed({ ignoreEstimate: Type.Optional(Type.Boolean()) });
export type BackupWish = Static<typeof BackupWish>;
export const JobQuery = closed({
  plan: Type.Optional(Type.String()),
  state: Type.Optional(Type.Enum(JOB_STATES)),
  active: Type.Optional(Type.Boolean()),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
});
export const Login = closed({
  spaceUrl: Type.String({ pattern: '^https?://', maxLength: 500 }),
  /** A pairing code, or the user's DID and token. */
  code: Type.Optional(Type.String({ maxLength: 40 })),
  did: Type.Optional(Type.String({ maxLength: 200 })),
  token: Type.Optional(Type.String({ maxLength: 4096 })),
  clusterId: Type.Optional(Type.String({ maxLength: 200 })),
});
