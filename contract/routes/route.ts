import type { Static, TSchema } from 'typebox';

/**
 * read: whoever may open the status socket. write: the page and the admin socket: look, run, pause, cancel, prepare.
 * admin: the admin socket alone: everything that touches keys, accounts, plans' content and restores.
 * public: no session needed.
 */
export type Permission = 'public' | 'read' | 'write' | 'admin';

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below `/api/v1`, with `:name` parameters. */
  readonly path: string;
  readonly permission: Permission;
  readonly summary: string;
  readonly params?: TSchema;
  readonly query?: TSchema;
  readonly body?: TSchema;
  readonly status: 200 | 201 | 202 | 204;
  readonly response: TSchema;
}

/** Keeps the literal types of one route. */
export const route = <const R extends Route>(definition: R): R => definition;

type StaticOf<S> = S extends TSchema ? Static<S> : never;
export type RouteResponse<R extends Route> = Static<R['response']>;
/** What a caller hands over: exactly the inputs the route declares. */
export type RouteInput<R extends Route> = (R extends { params: TSchema }
  ? { params: StaticOf<R['params']> }
  : unknown) &
  (R extends { query: TSchema } ? { query?: StaticOf<R['query']> } : unknown) &
  (R extends { body: TSchema } ? { body: StaticOf<R['body']> } : unknown);
