import * as Type from 'typebox';
import type { Static } from 'typebox';
import { EpochMs } from '../schema.ts';
import type { Job } from './job.ts';
import type { RestoreRequest } from './request.ts';
import type { Snapshot } from './snapshot.ts';
import type { SpaceCommand } from './space-command.ts';
import type { HealthCondition, LinkState, Usage } from './status.ts';
import type { Plan } from './plan.ts';

/** What happened, by kind. Every body is the state after it happened. */
export interface EventBodies {
  'plan.changed': { plan: Plan };
  'plan.removed': { planId: string; name: string; location: string };
  'job.state': { job: Job };
  'snapshot.recorded': { snapshot: Snapshot };
  'snapshot.missing': { snapshot: Snapshot };
  'request.state': { request: RestoreRequest };
  /** A command of Space that waits for a yes or no began to wait, or was answered. */
  'command.state': { command: SpaceCommand };
  'usage.measured': { usage: Usage };
  'health.raised': { condition: HealthCondition };
  'health.cleared': { code: string; planId?: string };
  'link.state': { state: LinkState; reason?: string };
  'account.changed': { signedIn: boolean };
  notice: { text: string };
}
export type EventKind = keyof EventBodies;

/** One numbered fact of the event log. Numbers rise without gaps reused; reconnect means "all after n". */
export type AgentEvent = {
  [K in EventKind]: { seq: number; at: number; kind: K; body: EventBodies[K] };
}[EventKind];

/** The wire form; the body is the daemon's own, so it is not validated again by its clients. */
export const AgentEventWire = Type.Object({
  seq: Type.Integer({ minimum: 1 }),
  at: EpochMs,
  kind: Type.String(),
  body: Type.Unknown(),
});
export type AgentEventWire = Static<typeof AgentEventWire>;
