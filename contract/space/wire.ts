import * as Type from 'typebox';
import type { Static } from 'typebox';

/**
 * The HTTP calls of the real Olares Space as its own agent makes them (beclab/Olares framework/backup-server,
 * Above-Os/backups-sdk): `POST {base}{path}`, form bodies except where noted, answered with HTTP 200 and an envelope.
 */
export const WIRE_PATHS = {
  stsToken: '/v1/resource/stsToken/backup',
  stsRefresh: '/v1/resource/stsToken/backup/refresh',
  regions: '/v1/resource/backup/region',
  usage: '/v1/resource/backup/usage',
  /** JSON body. */
  backupSave: '/v1/resource/backup/save',
  snapshotSave: '/v1/resource/snapshot/save',
  backupStop: '/v1/resource/backup/stop',
  tokenRefresh: '/v2/user/refresh',
} as const;

/** 501 is "exists already" and fine on the two saves; 506 means sign in again. */
export const WIRE_CODES = { ok: 200, exists: 501, signInAgain: 506 } as const;

export const Envelope = Type.Object({
  code: Type.Integer(),
  message: Type.Optional(Type.String()),
  data: Type.Optional(Type.Unknown()),
});
export type Envelope = Static<typeof Envelope>;

export const StsAnswer = Type.Object({
  cloud: Type.String(),
  bucket: Type.String(),
  /** `<DID>-<suffix>` with exactly one `-`. */
  prefix: Type.String(),
  region: Type.String(),
  ak: Type.String(),
  sk: Type.String(),
  st: Type.String(),
  /** RFC 3339, epoch seconds or milliseconds. */
  expiration: Type.Union([Type.String(), Type.Number()]),
  restic_repo: Type.Optional(Type.String()),
  /** Ours: storage endpoint of a Space with storage of its own, `https://host[:port]`. */
  endpoint: Type.Optional(Type.String()),
});
export type StsAnswer = Static<typeof StsAnswer>;

export const RegionsAnswer = Type.Array(
  Type.Object({
    regionId: Type.String(),
    regionName: Type.Optional(Type.String()),
    cloudName: Type.String(),
  }),
);
export type RegionsAnswer = Static<typeof RegionsAnswer>;

/** Ours: what a GiB (2^30 bytes) beyond the quota costs for a month. */
export const Price = Type.Object({
  /** ISO 4217. */
  currency: Type.String({ pattern: '^[A-Z]{3}$' }),
  perGibMonth: Type.Number({ minimum: 0, maximum: 1_000_000_000 }),
});
export type Price = Static<typeof Price>;

/** `usageSize` in the agent's call, `usedSize` where the web page reads it. */
export const UsageAnswer = Type.Object({
  totalSize: Type.Number(),
  usageSize: Type.Optional(Type.Number()),
  usedSize: Type.Optional(Type.Number()),
  canBackup: Type.Boolean(),
  planLevel: Type.Integer(),
  /** What is used beyond the total; the real web page reads it, too. */
  overageSize: Type.Optional(Type.Number()),
  /** Ours: how much the account may store beyond the total, at the price. Absent or 0: nothing. */
  overageLimit: Type.Optional(Type.Number()),
  /** Ours. */
  price: Type.Optional(Price),
});
export type UsageAnswer = Static<typeof UsageAnswer>;

export const TokenAnswer = Type.Object({ token: Type.String(), expired: Type.Number() });
export type TokenAnswer = Static<typeof TokenAnswer>;

export const BACKUP_TYPE = { file: 1, app: 2 } as const;
export const SNAPSHOT_PHASES = ['Pending', 'Running', 'Completed', 'Failed', 'Canceled', 'Rejected'] as const;
export type SnapshotPhase = (typeof SNAPSHOT_PHASES)[number];
export const SNAPSHOT_TYPES = ['fully', 'incremental', 'unknown'] as const;

/** JSON body of backupSave. */
export const BackupSaveBody = Type.Object({
  userid: Type.String(),
  token: Type.String(),
  backupId: Type.String(),
  name: Type.String(),
  backupType: Type.Integer(),
  /** Unix seconds. */
  backupTime: Type.Integer(),
  backupPath: Type.String(),
  backupLocation: Type.String(),
});
export type BackupSaveBody = Static<typeof BackupSaveBody>;

/** Form fields of snapshotSave; all values are text on the wire. `resticSnapshotId` carries restic's id. */
export const SNAPSHOT_SAVE_FIELDS = [
  'userid',
  'backupId',
  'snapshotId',
  'resticSnapshotId',
  'size',
  'realSnapshotSize',
  'unit',
  'snapshotTime',
  'status',
  'type',
  'url',
  'cloud',
  'region',
  'bucket',
  'prefix',
  'message',
] as const;

/**
 * Ours, a further field `purpose` of stsToken; a Space that does not know it ignores it. backup: add and read, delete
 * locks and indexes only. keys: delete keys too, to change a password.
 */
export type StsPurpose = 'backup' | 'keys';

/** Name of the folder that holds all repositories of an account. */
export const REPOSITORY_FOLDER = 'olares-backups';
export const STS_DURATION_SECONDS = 43_200;
