import * as Type from 'typebox';
import { closed, Count } from '../schema.ts';
import { agentRoutes } from './agent-routes.ts';
import { planRoutes } from './plan-routes.ts';
import { recoveryRoutes } from './recovery-routes.ts';
import { snapshotRoutes } from './snapshot-routes.ts';

/** Every route of the local API. */
export const routes = { ...agentRoutes, ...planRoutes, ...recoveryRoutes, ...snapshotRoutes } as const;

export type Routes = typeof routes;
export type RouteName = keyof Routes;

/** `GET /api/v1/events?after=N`: server-sent events, `event: event` with an AgentEvent and `event: progress`. */
export const EVENTS_PATH = '/events';
export const EventsQuery = closed({ after: Type.Optional(Count) });
export const API_PREFIX = '/api/v1';
/** Request header with the caller's version; the daemon answers with its own in the same header. */
export const VERSION_HEADER = 'x-olares-backup-version';
