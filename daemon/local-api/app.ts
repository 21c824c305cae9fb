import type { IncomingMessage } from 'node:http';
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
} from 'fastify';
import { Convert } from 'typebox/value';
import type { TSchema } from 'typebox';
import {
  API_PREFIX,
  AppError,
  EVENTS_PATH,
  EventsQuery,
  HTTP_STATUS,
  openApiDocument,
  parser,
  routes,
  toErrorBody,
  VERSION_HEADER,
  type Permission,
  type Route,
  type RouteName,
} from '../../contract/index.ts';
import type { Log } from '../base/log.ts';
import { streamEvents } from './event-stream.ts';
import { createHandlers, type Caller, type HandlerOptions } from './handlers.ts';

/** What a connection may do, by the listener it came in through. */
export interface Listener {
  readonly kind: 'admin' | 'status' | 'page';
  /** Refuses what must not even be routed. */
  check(request: IncomingMessage): void;
  readonly sessionCookie?: string;
  /** On every answer, refusals included. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface AppOptions extends HandlerOptions {
  readonly version: string;
  readonly log: Log;
  /** The listener a request came in through. */
  readonly listenerOf: (request: IncomingMessage) => Listener;
  readonly metrics: () => Promise<{ contentType: string; text: string }>;
}

const RIGHTS: Readonly<Record<Listener['kind'], ReadonlySet<Permission>>> = {
  admin: new Set(['public', 'read', 'write', 'admin']),
  status: new Set(['public', 'read']),
  page: new Set(['public', 'read', 'write']),
};
const BODY_LIMIT_BYTES = 256 * 1024;

/** Our own checker reads the contract's schemas: Fastify's default compilers need not even be loaded. */
const compilersFactory = {
  buildValidator: () => () => () => true,
  buildSerializer: () => () => (data: unknown) => JSON.stringify(data),
} as unknown as NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>;

/** The local API on one route table, whatever the listener. */
export function createApp(options: AppOptions): FastifyInstance {
  const app = Fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    forceCloseConnections: true,
    schemaController: { compilersFactory },
    // An address that cannot be read comes to no hook.
    frameworkErrors: (error, request, reply) => sendError({ error, request, reply, log: options.log }),
  });
  app.removeContentTypeParser('text/plain');
  allowEmptyJson(app);
  app.addHook('onRequest', async (request, reply) => {
    const listener = options.listenerOf(request.raw);
    reply.headers({ ...listener.headers, [VERSION_HEADER]: options.version });
    listener.check(request.raw);
  });
  app.setErrorHandler((error, request, reply) => sendError({ error, request, reply, log: options.log }));
  app.setNotFoundHandler((request) => {
    throw new AppError(
      'not_found',
      `there is nothing at ${request.method} ${request.url.split('?')[0]?.slice(0, 200) ?? ''}`,
    );
  });
  addRoutes(app, options);
  addPlainRoutes(app, options);
  return app;
}

function allowEmptyJson(app: FastifyInstance): void {
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? undefined : JSON.parse(String(body)));
    } catch {
      done(new AppError('invalid_input', 'the request body is not JSON'));
    }
  });
}

function addRoutes(app: FastifyInstance, options: AppOptions): void {
  const handlers = createHandlers(options);
  for (const [name, definition] of Object.entries<Route>(routes)) {
    const handle = handlers[name as RouteName] as (input: unknown, caller: Caller) => unknown;
    const readInput = inputReader(definition);
    app.route({
      method: definition.method,
      url: API_PREFIX + definition.path,
      handler: async (request, reply) => {
        const caller = authorise(request, reply, definition.permission, options);
        const answer = await handle(readInput(request), caller);
        return reply.code(definition.status).send(definition.status === 204 ? undefined : answer);
      },
    });
  }
}

/** Checks params, query and body by the route's schemas; query text becomes the type its schema wants. */
function inputReader(definition: Route): (request: FastifyRequest) => unknown {
  const read = (schema: TSchema | undefined, what: string) => {
    const checker = schema && parser(schema);
    return (value: unknown) => checker?.parse(value ?? {}, what);
  };
  const params = read(definition.params, 'address');
  const body = read(definition.body, 'request body');
  const query = read(definition.query, 'query');
  const convert = (value: unknown) => (definition.query ? Convert(definition.query, value) : value);
  return (request) => ({
    params: params(request.params),
    query: query(convert(request.query)),
    body: body(request.body),
  });
}

function authorise(
  request: FastifyRequest,
  reply: FastifyReply,
  permission: Permission,
  options: AppOptions,
): Caller {
  const listener = options.listenerOf(request.raw);
  const sessionToken = readCookie(request.headers.cookie, listener.sessionCookie);
  if (!RIGHTS[listener.kind].has(permission)) {
    throw new AppError('refused', 'this can only be done in a terminal on the machine', {
      hint: 'use `olares-backup`, with sudo where the agent runs as a service',
    });
  }
  if (listener.kind === 'page' && permission !== 'public' && !options.sessions.isOpen(sessionToken)) {
    throw new AppError('not_signed_in', 'this page needs a session', {
      hint: 'type `olares-backup open` in a terminal on this machine',
    });
  }
  return {
    isPage: listener.kind === 'page',
    sessionToken,
    setSession(token) {
      const cookie = `${listener.sessionCookie ?? 'session'}=${token ?? ''}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${token === undefined ? 0 : 43_200}`;
      reply.header('set-cookie', cookie);
    },
  };
}

function readCookie(header: string | undefined, name: string | undefined): string | undefined {
  const pair = header?.split(/;\s*/).find((candidate) => candidate.startsWith(`${name}=`));
  return pair?.slice((name?.length ?? 0) + 1);
}

function addPlainRoutes(app: FastifyInstance, options: AppOptions): void {
  const eventsQuery = parser(EventsQuery);
  app.get(API_PREFIX + EVENTS_PATH, async (request, reply) => {
    authorise(request, reply, 'read', options);
    const query = eventsQuery.parse(Convert(EventsQuery, request.query), 'query');
    const lastId = Number(request.headers['last-event-id']);
    const after =
      Number.isSafeInteger(lastId) && lastId > 0 ? lastId : (query.after ?? options.ports.events.newestSeq());
    reply.hijack();
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) reply.raw.setHeader(name, value);
    await streamEvents(reply.raw, after, options.ports).catch((error: unknown) =>
      options.log.warn({ err: error }, 'event stream ended'),
    );
  });
  app.get(`${API_PREFIX}/openapi.json`, (request, reply) => {
    authorise(request, reply, 'read', options);
    return openApiDocument(options.version);
  });
  app.get('/healthz', () => ({ ok: true, version: options.version }));
  app.get('/metrics', async (request, reply) => {
    authorise(request, reply, 'read', options);
    const { contentType, text } = await options.metrics();
    return reply.header('content-type', contentType).send(text);
  });
}

interface Failure {
  readonly error: unknown;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly log: Log;
}

/** A fault of ours tells the log everything and the caller nothing but a code. */
function sendError({ error, request, reply, log }: Failure): FastifyReply {
  const status = (error as { statusCode?: number }).statusCode;
  if (!(error instanceof AppError) && status !== undefined && status >= 400 && status < 500) {
    const message = status === 413 ? 'the request is too large' : 'the request could not be read';
    return reply.code(status).send({ error: { code: 'invalid_input', message } });
  }
  const body = toErrorBody(error);
  if (!(error instanceof AppError))
    log.error({ err: error, method: request.method, url: request.url }, 'request failed');
  if (body.retryAfterMs !== undefined) reply.header('retry-after', Math.ceil(body.retryAfterMs / 1000));
  return reply.code(HTTP_STATUS[body.code]).send({ error: body });
}
