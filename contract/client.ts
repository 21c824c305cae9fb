import { AppError, ERROR_CODES, fromErrorBody, type ErrorBody, type ErrorCode } from './errors.ts';
import { API_PREFIX, EVENTS_PATH, routes, type RouteName, type Routes } from './routes/index.ts';
import type { Route, RouteInput, RouteResponse } from './routes/route.ts';
import { parser, type Parser } from './schema.ts';

export interface ApiRequest {
  readonly method: string;
  /** Full path with query. */
  readonly path: string;
  readonly body?: unknown;
}

/** How a request reaches the daemon: a unix socket (CLI) or fetch (page). */
export interface ApiTransport {
  /** @throws AppError `daemon_not_running` when nothing answers */
  send(request: ApiRequest): Promise<{ status: number; body: unknown }>;
}

type Call = <N extends RouteName>(
  name: N,
  ...input: unknown extends RouteInput<Routes[N]> ? [] : [input: RouteInput<Routes[N]>]
) => Promise<RouteResponse<Routes[N]>>;

export interface ApiClient {
  /** @throws AppError as the daemon answered it */
  readonly call: Call;
}

interface LooseInput {
  readonly params?: Record<string, string>;
  readonly query?: Record<string, unknown>;
  readonly body?: unknown;
}

/** A client of the local API, with types from the route table. Answers are checked against the route's schema. */
export function createApiClient(transport: ApiTransport): ApiClient {
  const parsers = new Map<string, Parser<unknown>>();
  const parserOf = (name: string, definition: Route) => {
    const known = parsers.get(name) ?? parser(definition.response);
    parsers.set(name, known);
    return known;
  };
  const call = async (name: RouteName, input: LooseInput = {}) => {
    const definition: Route = routes[name];
    const answer = await transport.send({
      method: definition.method,
      path: apiPath(definition.path, input),
      ...(input.body === undefined ? {} : { body: input.body }),
    });
    if (answer.status >= 400) throw errorOf(answer);
    return definition.status === 204
      ? null
      : parserOf(name, definition).parse(answer.body, `answer of ${name}`);
  };
  return { call: call as Call };
}

export const eventsPath = (after: number): string => `${API_PREFIX}${EVENTS_PATH}?after=${after}`;

function apiPath(path: string, input: LooseInput): string {
  const filled = path.replace(/:([a-z]+)/g, (_, key: string) =>
    encodeURIComponent(input.params?.[key] ?? ''),
  );
  const query = Object.entries(input.query ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(String(value))}`);
  return `${API_PREFIX}${filled}${query.length > 0 ? `?${query.join('&')}` : ''}`;
}

function errorOf(answer: { status: number; body: unknown }): AppError {
  const body = answer.body as { error?: Partial<ErrorBody> } | null;
  const error = body?.error;
  if (error?.message && error.code && ERROR_CODES.includes(error.code as ErrorCode))
    return fromErrorBody(error as ErrorBody);
  return new AppError('failed', `the agent answered with HTTP ${answer.status} and no reason`);
}
