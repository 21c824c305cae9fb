import * as Type from 'typebox';
import type { Static } from 'typebox';
import { Bytes, Count, EpochMs, Uuid } from '../schema.ts';
import { Price } from '../space/wire.ts';
import { Job } from './job.ts';
import { Plan } from './plan.ts';
import { RestoreRequest } from './request.ts';
import { SpaceCommand } from './space-command.ts';

export const LINK_STATES = [
  'unpaired',
  'offline',
  'dialing',
  'greeting',
  'replaying',
  'live',
  'backing-off',
  'rejected',
  'http-only',
] as const;
export type LinkState = (typeof LINK_STATES)[number];

export const Link = Type.Object({
  state: Type.Unsafe<LinkState>(Type.String()),
  /** In words; always present for backing-off and rejected. */
  reason: Type.Optional(Type.String()),
  since: EpochMs,
  /** Reports that Space has not yet confirmed. */
  pendingReports: Count,
});
export type Link = Static<typeof Link>;

/** The signed-in Space account; tokens are never part of it. */
export const Account = Type.Object({
  spaceUrl: Type.String(),
  /** Owner DID, `did:key:…`. */
  userid: Type.String(),
  olaresName: Type.Optional(Type.String()),
  deviceId: Type.Optional(Type.String()),
  paired: Type.Boolean(),
  state: Type.Union([Type.Literal('signed-in'), Type.Literal('sign-in-again')]),
});
export type Account = Static<typeof Account>;

/** What happens when the next snapshot would not fit into what is included. */
export const AT_LIMIT = ['stop', 'make-room', 'pay'] as const;
export type AtLimit = (typeof AT_LIMIT)[number];

/** When the storage will be full, if it goes on as it did. */
export const Forecast = Type.Object({
  earliestAt: EpochMs,
  /** Absent: perhaps never. */
  latestAt: Type.Optional(EpochMs),
  bytesPerDay: Type.Number(),
  /** How many days it rests on. */
  days: Count,
});
export type Forecast = Static<typeof Forecast>;

export const Usage = Type.Object({
  source: Type.Union([Type.Literal('space'), Type.Literal('ledger')]),
  totalBytes: Bytes,
  usedBytes: Bytes,
  /** Never negative, also when more is used than the total. */
  freeBytes: Bytes,
  canBackup: Type.Boolean(),
  planLevel: Type.Integer(),
  /** Bytes stored that no snapshot of the ledger explains; a clean-up may free them. */
  reclaimableBytes: Bytes,
  measuredAt: EpochMs,
  byPlan: Type.Array(
    Type.Object({
      planId: Uuid,
      planName: Type.String(),
      storedBytes: Bytes,
      /** What its next snapshot will probably add; absent while there is no history. */
      nextBytes: Type.Optional(Bytes),
      /** Whether that fits, by what was agreed to for this plan. */
      nextFits: Type.Optional(Type.Boolean()),
      /** What all storage beyond the total would cost then. */
      nextCostPerMonth: Type.Optional(Type.Number()),
    }),
  ),
  /** What Space takes for storage beyond the total; absent where it names no price. */
  price: Type.Optional(Price),
  /** Most that Space stores beyond the total, and what is stored there now. */
  overage: Type.Optional(
    Type.Object({ limitBytes: Bytes, usedBytes: Bytes, costPerMonth: Type.Optional(Type.Number()) }),
  ),
  forecast: Type.Optional(Forecast),
  /** The settings `quota` of this machine. */
  policy: Type.Optional(
    Type.Object({
      atLimit: Type.Unsafe<AtLimit>(Type.String()),
      /** Like `5 EUR`, for a month. */
      payUpTo: Type.Optional(Type.String()),
    }),
  ),
});
export type Usage = Static<typeof Usage>;

export const HEALTH_LEVELS = ['good', 'busy', 'waiting', 'warning', 'error'] as const;
export type HealthLevel = (typeof HEALTH_LEVELS)[number];

/** A named thing that is wrong now; it goes away by itself when it is right again. */
export const HealthCondition = Type.Object({
  /** Stable code, the same in CLI, page, Space and docs. */
  code: Type.String(),
  level: Type.Union([Type.Literal('warning'), Type.Literal('error')]),
  message: Type.String(),
  hint: Type.Optional(Type.String()),
  planId: Type.Optional(Uuid),
  since: EpochMs,
});
export type HealthCondition = Static<typeof HealthCondition>;

export const Status = Type.Object({
  version: Type.String(),
  engineVersion: Type.Optional(Type.String()),
  machine: Type.String(),
  startedAt: EpochMs,
  now: EpochMs,
  /** Number of the newest event: `GET /events?after=` goes on from here. */
  eventSeq: Count,
  level: Type.Unsafe<HealthLevel>(Type.String()),
  /** One sentence a person reads first. */
  sentence: Type.String(),
  conditions: Type.Array(HealthCondition),
  account: Type.Optional(Account),
  link: Link,
  usage: Type.Optional(Usage),
  plans: Type.Array(Plan),
  /** Jobs that have not ended. */
  jobs: Type.Array(Job),
  /** Requests that wait for a person or are being restored. */
  requests: Type.Array(RestoreRequest),
  /** Commands of Space that wait for a person's yes or no, oldest first. */
  asked: Type.Array(SpaceCommand),
});
export type Status = Static<typeof Status>;

export const DoctorCheck = Type.Object({
  name: Type.String(),
  level: Type.Union([Type.Literal('ok'), Type.Literal('warning'), Type.Literal('error')]),
  message: Type.String(),
  hint: Type.Optional(Type.String()),
});
export type DoctorCheck = Static<typeof DoctorCheck>;
