import * as Type from 'typebox';
import type { Static } from 'typebox';
import { RestoreResult, Skipped } from './model/job.ts';
import { TimedLimits } from './model/limits.ts';
import { LocationTest } from './model/location-test.ts';
import { HostKey, PlanKey } from './model/plan.ts';
import { KilledRestore, RestoreChoice, RestorePreview } from './model/request.ts';
import { SnapshotEntry } from './model/snapshot.ts';
import { Bytes, closed, Count, EpochMs, ResticId, Uuid } from './schema.ts';

export * from './helper-stream.ts';
export * from './secret-messages.ts';

/**
 * Messages between the daemon and `olares-backup-helper <program> --state-dir DIR`. JSON lines, no limit on their
 * length. The first line to the helper is a HelperRequest; further lines are HelperInput. The helper answers with
 * HelperOutput lines, of which the last is `result` or `error`, then exits 0. End of its input means cancel.
 */
export const HELPER_PROGRAMS = ['engine', 'restore', 'keycheck'] as const;
export type HelperProgram = (typeof HELPER_PROGRAMS)[number];

/** How to reach a repository. No secret is ever part of it. */
export const RepositoryAccess = closed({
  /** As restic's `--repo`. */
  address: Type.String({ minLength: 1, maxLength: 4096 }),
  /** Values for restic's `-o`, from a fixed list of names. */
  options: closed({
    's3.bucket-lookup': Type.Optional(Type.Union([Type.Literal('dns'), Type.Literal('path')])),
    's3.region': Type.Optional(Type.String({ pattern: '^[a-z0-9-]{1,40}$' })),
  }),
  /**
   * sts: temporary keys, asked for by `credentials-needed` and served to restic on loopback. file: an AWS-style
   * credentials file, or for a REST server one with `username` and `password`. none: an address that needs none.
   */
  credentials: Type.Union([
    closed({ kind: Type.Literal('none') }),
    closed({ kind: Type.Literal('sts') }),
    closed({ kind: Type.Literal('file'), path: Type.String({ pattern: '^/' }) }),
  ]),
  caFile: Type.Optional(Type.String({ pattern: '^/' })),
  /** Of an SFTP address: the only host keys that are trusted, and the key to sign in with. */
  ssh: Type.Optional(
    closed({ hostKeys: Type.Array(HostKey), keyFile: Type.Optional(Type.String({ pattern: '^/' })) }),
  ),
  limits: Type.Optional(TimedLimits),
  /** The pinned id: another repository at this address is refused with `integrity`. */
  expectId: Type.Optional(ResticId),
});
export type RepositoryAccess = Static<typeof RepositoryAccess>;

/** machine: the key in the helper's own keeping. typed: the password that comes over the secret channel. */
export const KeySource = Type.Union([Type.Literal('machine'), Type.Literal('typed')]);

/** What restic needs to try a password offline: the repository's config and key files, base64. Under 2 KB. */
export const Capsule = Type.Object({
  repositoryId: ResticId,
  config: Type.String(),
  keys: Type.Array(Type.Object({ id: ResticId, role: PlanKey.properties.role, content: Type.String() })),
});
export type Capsule = Static<typeof Capsule>;

const common = { access: RepositoryAccess, host: Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$' }) };
const Paths = Type.Array(Type.String({ pattern: '^/' }), { minItems: 1 });

export const HelperRequest = Type.Union([
  closed({ verb: Type.Literal('version') }),
  /** Make (create) or open (adopt) a repository, add machine, user and recovery key, read all back. Typed secrets. */
  closed({
    verb: Type.Literal('arm'),
    ...common,
    mode: Type.Union([Type.Literal('create'), Type.Literal('adopt')]),
    recovery: Type.Boolean(),
    channelPath: Type.String(),
    /** adopt: keys to try first. */
    keyIds: Type.Optional(Type.Array(ResticId, { maxItems: 8 })),
  }),
  /** What a repository holds, opened by a typed password. Writes nothing. */
  closed({
    verb: Type.Literal('look'),
    ...common,
    channelPath: Type.String(),
    keyIds: Type.Optional(Type.Array(ResticId, { maxItems: 8 })),
  }),
  closed({
    verb: Type.Literal('backup'),
    ...common,
    paths: Paths,
    excludes: Type.Array(Type.String()),
    tags: Type.Array(Type.String()),
    /** Run `unlock` and `repair index` before: the last run of this repository did not end by itself. */
    repairFirst: Type.Boolean(),
    uploadKiBPerSecond: Type.Optional(Type.Integer({ minimum: 1 })),
    dryRun: Type.Optional(Type.Boolean()),
  }),
  /** What a first snapshot will probably add, by the sizes of the files. Opens no repository. */
  closed({
    verb: Type.Literal('measure'),
    paths: Paths,
    excludes: Type.Array(Type.String()),
    /** Milliseconds, after which it answers with what it has. */
    limitMs: Type.Optional(Type.Integer({ minimum: 1 })),
  }),
  closed({ verb: Type.Literal('snapshots'), ...common }),
  closed({ verb: Type.Literal('ls'), ...common, snapshotId: ResticId, path: Type.String({ pattern: '^/' }) }),
  /** The whole snapshot, depth first, a directory before what it holds: by `entries` outputs. */
  closed({ verb: Type.Literal('ls-all'), ...common, snapshotId: ResticId }),
  closed({ verb: Type.Literal('stats'), ...common }),
  closed({
    verb: Type.Literal('check'),
    ...common,
    readDataPercent: Type.Number({ minimum: 0, maximum: 100 }),
  }),
  closed({ verb: Type.Literal('unlock'), ...common }),
  closed({ verb: Type.Literal('repair-index'), ...common }),
  closed({ verb: Type.Literal('key-list'), ...common }),
  /** Add a key for the typed secret, read it back, then remove the ids named. Answers with the new capsule. */
  closed({
    verb: Type.Literal('key-replace'),
    ...common,
    role: Type.Union([Type.Literal('user'), Type.Literal('recovery')]),
    removeIds: Type.Array(ResticId),
    channelPath: Type.String(),
  }),
  closed({ verb: Type.Literal('key-remove'), ...common, keyId: ResticId }),
  closed({ verb: Type.Literal('cat-config'), ...common }),
  /**
   * Can the location be used? `base` is where the person put it, `access` where the repository is or would be. create:
   * there must be none yet, and writing must work. adopt, armed: there must be one; armed: the pinned one.
   */
  closed({
    verb: Type.Literal('probe'),
    ...common,
    base: Type.String({ minLength: 1, maxLength: 4096 }),
    mode: Type.Union([Type.Literal('create'), Type.Literal('adopt'), Type.Literal('armed')]),
  }),
  /** Is the typed password one of the capsule's keys? No network. On success a grant file is written. */
  closed({
    verb: Type.Literal('keycheck'),
    capsule: Capsule,
    /** Keys to try, best first. */
    keyIds: Type.Array(ResticId, { minItems: 1, maxItems: 8 }),
    channelPath: Type.String(),
    /** Absent: only to see whether the password is still known. */
    grant: Type.Optional(
      closed({ requestId: Uuid, snapshotId: ResticId, target: Type.String(), expiresAt: EpochMs }),
    ),
  }),
  closed({
    verb: Type.Literal('restore-preview'),
    ...common,
    snapshotId: ResticId,
    choice: RestoreChoice,
    /** Source directory to restore from, inside the snapshot; see `restore`. */
    subPath: Type.Optional(Type.String({ pattern: '^/' })),
    target: Type.String({ pattern: '^/' }),
    /** What the whole snapshot holds, where that is known: a new directory then needs no look at each file. */
    totals: Type.Optional(Type.Object({ files: Count, bytes: Bytes })),
  }),
  closed({
    verb: Type.Literal('restore'),
    ...common,
    requestId: Uuid,
    snapshotId: ResticId,
    choice: RestoreChoice,
    /** Set when the plan has one path: its content goes into the target, without the leading directories. */
    subPath: Type.Optional(Type.String({ pattern: '^/' })),
    target: Type.String({ pattern: '^/' }),
    key: KeySource,
    /** Only for a typed key. */
    channelPath: Type.Optional(Type.String()),
    downloadKiBPerSecond: Type.Optional(Type.Integer({ minimum: 1 })),
  }),
  /** Undo an in-place restore: the kept tree goes back. */
  closed({
    verb: Type.Literal('restore-undo'),
    requestId: Uuid,
    target: Type.String({ pattern: '^/' }),
    undoPath: Type.String({ pattern: '^/' }),
  }),
  /** Remove the kept tree of an in-place restore for good. */
  closed({
    verb: Type.Literal('restore-forget'),
    target: Type.String({ pattern: '^/' }),
    undoPath: Type.String({ pattern: '^/' }),
  }),
  /** Finish what restores were killed in the middle of: old trees that were moved away go back. */
  closed({ verb: Type.Literal('restore-recover') }),
  /** What interrupted restores have fetched so far: kept for these requests, removed for all others. */
  closed({ verb: Type.Literal('restore-staged'), keep: Type.Array(Uuid) }),
]);
export type HelperRequest = Static<typeof HelperRequest>;
export type HelperVerb = HelperRequest['verb'];
export type HelperRequestOf<V extends HelperVerb> = Extract<HelperRequest, { verb: V }>;

/** Which program of the helper serves a verb: each has its own rights. */
export const VERB_PROGRAMS = {
  version: 'engine',
  arm: 'engine',
  look: 'engine',
  backup: 'engine',
  measure: 'engine',
  snapshots: 'engine',
  ls: 'engine',
  'ls-all': 'engine',
  stats: 'engine',
  check: 'engine',
  unlock: 'engine',
  'repair-index': 'engine',
  'key-list': 'engine',
  'key-replace': 'engine',
  'key-remove': 'engine',
  'cat-config': 'engine',
  probe: 'engine',
  keycheck: 'keycheck',
  'restore-preview': 'restore',
  restore: 'restore',
  'restore-undo': 'restore',
  'restore-forget': 'restore',
  'restore-recover': 'restore',
  'restore-staged': 'restore',
} as const satisfies Record<HelperVerb, HelperProgram>;

/** A snapshot as the repository has it. */
export const RepositorySnapshot = Type.Object({
  resticId: ResticId,
  takenAt: EpochMs,
  host: Type.String(),
  paths: Type.Array(Type.String()),
  tags: Type.Array(Type.String()),
  filesTotal: Type.Optional(Count),
  bytesTotal: Type.Optional(Bytes),
  addedBytes: Type.Optional(Bytes),
});
export type RepositorySnapshot = Static<typeof RepositorySnapshot>;

const BackupSummary = Type.Object({
  /** Absent in a dry run. */
  snapshotId: Type.Optional(ResticId),
  filesNew: Count,
  filesChanged: Count,
  filesUnmodified: Count,
  filesTotal: Count,
  bytesTotal: Bytes,
  addedBytes: Bytes,
  skipped: Skipped,
});
export type BackupSummary = Static<typeof BackupSummary>;

const ArmSummary = Type.Object({ repositoryId: ResticId, keys: Type.Array(PlanKey), capsule: Capsule });
export type ArmSummary = Static<typeof ArmSummary>;

/** What each verb answers. */
export const HelperResults = {
  /** `jailPath`: bubblewrap, without which nothing can be restored. `jailFault`: why no jail can be made. */
  version: Type.Object({
    version: Type.String(),
    path: Type.String(),
    jailPath: Type.Optional(Type.String()),
    jailFault: Type.Optional(Type.Object({ message: Type.String(), hint: Type.String() })),
  }),
  arm: ArmSummary,
  /** `keys`: the one that the password opened, where it is known. */
  look: Type.Object({
    repositoryId: ResticId,
    keys: Type.Array(PlanKey),
    snapshots: Type.Array(RepositorySnapshot),
  }),
  backup: BackupSummary,
  /** `expectedBytes`: of `bytes` what compression leaves, and the lists. `isWhole` false: the time was over before the end. */
  measure: Type.Object({ files: Count, bytes: Bytes, expectedBytes: Bytes, isWhole: Type.Boolean() }),
  snapshots: Type.Array(RepositorySnapshot),
  ls: Type.Array(SnapshotEntry),
  'ls-all': Type.Object({ entries: Count }),
  stats: Type.Object({ storedBytes: Bytes, snapshots: Count }),
  check: Type.Object({ problems: Type.Array(Type.String()) }),
  unlock: Type.Object({}),
  'repair-index': Type.Object({}),
  'key-list': Type.Array(Type.Object({ id: ResticId, createdAt: EpochMs, current: Type.Boolean() })),
  'key-replace': ArmSummary,
  'key-remove': Type.Object({}),
  'cat-config': Type.Object({ repositoryId: ResticId, version: Type.Integer() }),
  probe: LocationTest,
  keycheck: Type.Object({ correct: Type.Boolean(), keyId: Type.Optional(ResticId) }),
  'restore-preview': RestorePreview,
  restore: RestoreResult,
  /** `asidePath`: where that is what the restore had brought. */
  'restore-undo': Type.Object({ asidePath: Type.Optional(Type.String()) }),
  'restore-forget': Type.Object({}),
  'restore-recover': Type.Array(KilledRestore),
  /** What is left; `bytes`: what it takes of its disk. */
  'restore-staged': Type.Array(
    Type.Object({ requestId: Uuid, path: Type.String(), bytes: Bytes, until: EpochMs }),
  ),
} as const satisfies Record<HelperVerb, unknown>;
export type HelperResultOf<V extends HelperVerb> = Static<(typeof HelperResults)[V]>;
