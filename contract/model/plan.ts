import * as Type from 'typebox';
import type { Static } from 'typebox';
import { Bytes, closed, Count, EpochMs, ResticId, Uuid } from '../schema.ts';

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

/** Where a plan's repository lives. */
export const Location = Type.Union([
  closed({
    kind: Type.Literal('space'),
    cloudName: Type.Optional(Type.String()),
    regionId: Type.Optional(Type.String()),
  }),
  closed({ kind: Type.Literal('directory'), path: Type.String({ pattern: '^/' }) }),
  /** `address` is restic's, e.g. `s3:https://host/bucket/path`; `credentialsFile` is an AWS-style file, mode 0600. */
  closed({
    kind: Type.Literal('s3'),
    address: Type.String({ pattern: '^s3:' }),
    credentialsFile: Type.Optional(Type.String({ pattern: '^/' })),
  }),
  closed({ kind: Type.Literal('rest'), address: Type.String({ pattern: '^rest:' }) }),
  closed({ kind: Type.Literal('sftp'), address: Type.String({ pattern: '^sftp:' }) }),
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

export const Plan = Type.Object({
  id: Uuid,
  name: Type.String(),
  paths: Type.Array(Type.String()),
  excludes: Type.Array(Type.String()),
  schedule: Schedule,
  /** IANA name, e.g. `Europe/Berlin`. */
  zone: Type.String(),
  location: Location,
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
});
export type NewPlan = Static<typeof NewPlan>;

export const PlanChange = closed({
  name: Type.Optional(PlanName),
  paths: Type.Optional(Paths),
  excludes: Type.Optional(Excludes),
  schedule: Type.Optional(Schedule),
  zone: Type.Optional(Type.String()),
});
export type PlanChange = Static<typeof PlanChange>;
