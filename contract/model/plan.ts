import * as Type from 'typebox';
import type { Static } from 'typebox';
import { Bytes, closed, Count, EpochMs, ResticId, Uuid } from '../schema.ts';
import { PlanLimits } from './limits.ts';

const TimeOfDay = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' });

/** When a plan runs, in local wall time of the plan's zone. Days of the week: 0 = Sunday … 6 = Saturday. */
export const Schedule = Type.Union([
  closed({ kind: Type.Literal('manual') }),
  closed({ kind: Type.Literal('hourly'), minute: Type.Integer({ minimum: 0, maximum: 59 }) }),
  closed({ kind: Type.Literal('daily'), at: TimeOfDay }),
  closed({ kind: Type.Literal('weekly'), day: Type.Integer({ minimum: 0, maximum: 6 }), at: TimeOfDay }),
  /** A month that lacks the day runs on its last day. */
  closed({ kind: Type.Literal('monthly'), day: Type.Integer({ minimum: 1, maximum: 31 }), at: TimeOfDay }),
  closed({ kind: Type.Literal('cron'), expression: Type.String({ minLength: 9, maxLength: 200 }) }),
]);
export type Schedule = Static<typeof Schedule>;

const AbsolutePath = Type.String({ pattern: '^/' });
/** As S3 and restic name it. */
const Region = Type.String({ pattern: '^[a-z0-9-]{1,40}$' });

/** A public key of an SSH host, e.g. `ssh-ed25519 AAAAC3Nz…`. */
export const HostKey = Type.String({ pattern: '^[a-z0-9@.-]{3,60} [A-Za-z0-9+/]{16,8000}={0,3}$' });
export type HostKey = Static<typeof HostKey>;

/** Where a plan's repository lives. Keys and passwords are in files (0600) that it names, never in it. */
export const Location = Type.Union([
  closed({
    kind: Type.Literal('space'),
    cloudName: Type.Optional(Type.String()),
    regionId: Type.Optional(Type.String()),
  }),
  closed({ kind: Type.Literal('directory'), path: AbsolutePath }),
  /** `address` is restic's, e.g. `s3:https://host/bucket/path`; `credentialsFile` is an AWS-style file, mode 0600. */
  closed({
    kind: Type.Literal('s3'),
    address: Type.String({ pattern: '^s3:' }),
    credentialsFile: Type.Optional(AbsolutePath),
    region: Type.Optional(Region),
    /** Certificate of the authority that signed the server's, PEM. */
    caFile: Type.Optional(AbsolutePath),
  }),
  /** `credentialsFile` has the lines `username = …` and `password = …`. */
  closed({
    kind: Type.Literal('rest'),
    address: Type.String({ pattern: '^rest:' }),
    credentialsFile: Type.Optional(AbsolutePath),
    caFile: Type.Optional(AbsolutePath),
  }),
  /** `hostKeys`: those a person confirmed; no other host is spoken to. `keyFile`: private key without passphrase. */
  closed({
    kind: Type.Literal('sftp'),
    address: Type.String({ pattern: '^sftp:' }),
    keyFile: Type.Optional(AbsolutePath),
    hostKeys: Type.Optional(Type.Array(HostKey, { maxItems: 8 })),
  }),
]);
export type Location = Static<typeof Location>;

/** unarmed: its keys were not yet written and read back, it cannot run. */
export const PLAN_STATES = ['unarmed', 'armed', 'paused'] as const;
export type PlanState = (typeof PLAN_STATES)[number];

/** One restic key of a plan's repository. */
export const PlanKey = Type.Object({
  id: ResticId,
  role: Type.Union([
    Type.Literal('machine'),
    Type.Literal('user'),
    Type.Literal('recovery'),
    Type.Literal('other'),
  ]),
  createdAt: EpochMs,
  /** With role other: the key of a machine that is not this one, perhaps of one that was lost. */
  otherMachine: Type.Optional(Type.Boolean()),
});
export type PlanKey = Static<typeof PlanKey>;

/** The settings `quota` for one plan: `stop`, `make-room`, or up to so much a month: `pay:5 EUR`. */
const QUOTA_POLICY = '(stop|make-room|pay:[0-9]{1,9}(\\.[0-9]{1,2})? [A-Z]{3})';
const QuotaPolicyText = Type.String({ pattern: `^${QUOTA_POLICY}$` });

export const Plan = Type.Object({
  id: Uuid,
  name: Type.String(),
  paths: Type.Array(Type.String()),
  excludes: Type.Array(Type.String()),
  schedule: Schedule,
  /** IANA name, e.g. `Europe/Berlin`. */
  zone: Type.String(),
  location: Location,
  limits: Type.Optional(PlanLimits),
  /** Absent: as the settings say. */
  quotaPolicy: Type.Optional(QuotaPolicyText),
  state: Type.Unsafe<PlanState>(Type.String()),
  createdAt: EpochMs,
  updatedAt: EpochMs,
  /** Absent until the plan is armed. */
  repository: Type.Optional(Type.Object({ id: ResticId, address: Type.String() })),
  keys: Type.Array(PlanKey),
  nextDueAt: Type.Optional(EpochMs),
  lastTryAt: Type.Optional(EpochMs),
  /** End of the last backup that finished succeeded. */
  lastGoodAt: Type.Optional(EpochMs),
  /** When its password or recovery words were last typed right. */
  passwordProvenAt: Type.Optional(EpochMs),
  snapshotCount: Count,
  /** Bytes this plan's snapshots added to storage, by the agent's own ledger. */
  storedBytes: Bytes,
});
export type Plan = Static<typeof Plan>;

const PlanName = Type.String({ minLength: 1, maxLength: 100 });
const Paths = Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: 1000 });
const Excludes = Type.Array(Type.String({ minLength: 1 }), { maxItems: 1000 });

export const NewPlan = closed({
  name: PlanName,
  paths: Paths,
  excludes: Type.Optional(Excludes),
  schedule: Type.Optional(Schedule),
  zone: Type.Optional(Type.String()),
  location: Type.Optional(Location),
  limits: Type.Optional(PlanLimits),
  quotaPolicy: Type.Optional(QuotaPolicyText),
});
export type NewPlan = Static<typeof NewPlan>;

export const PlanChange = closed({
  name: Type.Optional(PlanName),
  paths: Type.Optional(Paths),
  excludes: Type.Optional(Excludes),
  schedule: Type.Optional(Schedule),
  zone: Type.Optional(Type.String()),
  limits: Type.Optional(PlanLimits),
  /** `settings`: none of its own any more. */
  quotaPolicy: Type.Optional(Type.String({ pattern: `^(settings|${QUOTA_POLICY})$` })),
  /** Of an SFTP location whose host was set up anew. */
  hostKeys: Type.Optional(Type.Array(HostKey, { minItems: 1, maxItems: 8 })),
});
export type PlanChange = Static<typeof PlanChange>;
