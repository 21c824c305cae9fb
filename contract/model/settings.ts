import * as Type from 'typebox';
import type { Static } from 'typebox';
import { EpochMs, Uuid } from '../schema.ts';
import type { PlanLimits } from './limits.ts';
import { Schedule, type Location } from './plan.ts';

/**
 * The tag of a snapshot that carries the plan's settings, as deflated JSON in base64url: encrypted with the repository,
 * found by listing it, and written without a restic of its own.
 */
export const SETTINGS_TAG = 'agent-settings=';

/** What a machine that has lost everything needs to go on with a plan. No secret is ever part of it. */
export const PlanSettings = Type.Object({
  version: Type.Literal(1),
  /** Name of the machine for people. */
  machine: Type.String(),
  /** restic's host of its snapshots, by which the next one finds its parent. */
  host: Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$' }),
  plan: Type.Object({
    id: Uuid,
    name: Type.String(),
    paths: Type.Array(Type.String()),
    excludes: Type.Array(Type.String()),
    schedule: Schedule,
    zone: Type.String(),
    /** As it was; another version may know more of it. */
    location: Type.Unsafe<Location>(Type.Object({ kind: Type.String() })),
    /** As they were, if there were any. */
    limits: Type.Optional(Type.Unsafe<PlanLimits>(Type.Object({}))),
    createdAt: EpochMs,
  }),
  /** The machine's other plans, to be adopted from their own repositories. */
  others: Type.Array(Type.Object({ id: Uuid, name: Type.String(), address: Type.String() })),
  /** What stood in the agent's configuration file. */
  config: Type.Optional(Type.Unsafe<Record<string, unknown>>(Type.Object({}))),
  /** Parts that were left out because they were too long for a tag. */
  leftOut: Type.Optional(Type.Array(Type.String())),
});
export type PlanSettings = Static<typeof PlanSettings>;
