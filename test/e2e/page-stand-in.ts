import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  API_PREFIX,
  AppError,
  EVENTS_PATH,
  HTTP_STATUS,
  parser,
  Progress,
  routes,
  toErrorBody,
  type AgentEvent,
  type Route,
  type RouteName,
} from '../../contract/index.ts';
import { serveBuiltPage } from './page-files.ts';

export interface StandInCall {
  readonly name: RouteName;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}
type Answer = (call: StandInCall) => unknown;

/**
 * The daemon's side of the page's border: built files under the real policy, answers checked against the contract,
 * numbered events by SSE. It can be unreachable and can cut its streams.
 */
export interface StandIn extends AsyncDisposable {
  readonly url: string;
  /** Every call so far, in order. */
  readonly calls: readonly StandInCall[];
  /** Calls and answers that the contract does not allow. */
  readonly mistakes: readonly string[];
  /** Value of `after` for each event stream that was opened. */
  readonly streams: readonly number[];
  /** Answers of routes; an answer may throw an AppError. */
  answer(answers: Partial<Record<RouteName, Answer>>): void;
  /** Logs the event for later streams and sends it to the open ones. */
  emit(event: AgentEvent): void;
  emitProgress(progress: Progress): void;
  /** unreachable: streams are cut and every API call is cut without an answer. */
  setReachable(isReachable: boolean): void;
}

export async function startStandIn(pageDir: string): Promise<StandIn> {
  const answers = new Map<RouteName, Answer>();
  const calls: StandInCall[] = [];
  const mistakes: string[] = [];
  const streams: number[] = [];
  const open = new Set<ServerResponse>();
  const log: AgentEvent[] = [];
  let isReachable = true;

  const stream = (response: ServerResponse, after: number) => {
    streams.push(after);
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(': hello\n\n');
    for (const event of log.filter(({ seq }) => seq > after)) response.write(frame('event', event));
    open.add(response);
    response.on('close', () => open.delete(response));
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://stand-in');
    if (!url.pathname.startsWith(API_PREFIX)) return serveBuiltPage(pageDir, url.pathname, response);
    if (!isReachable) return request.socket.destroy();
    const path = url.pathname.slice(API_PREFIX.length);
    if (path === EVENTS_PATH) return stream(response, Number(url.searchParams.get('after')));
    return void answerCall({ request, response, url, path, answers, calls, mistakes });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    calls,
    mistakes,
    streams,
    answer(more) {
      for (const [name, answer] of Object.entries(more)) answers.set(name as RouteName, answer);
    },
    emit(event) {
      log.push(event);
      for (const response of open) response.write(frame('event', event));
    },
    emitProgress(progress) {
      const checked = parser(Progress).parse(progress, 'progress');
      for (const response of open) response.write(frame('progress', checked));
    },
    setReachable(value) {
      isReachable = value;
      if (!value) for (const response of open) response.destroy();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const frame = (kind: string, data: unknown) => `event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;

interface CallContext {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly path: string;
  readonly answers: ReadonlyMap<RouteName, Answer>;
  readonly calls: StandInCall[];
  readonly mistakes: string[];
}

async function answerCall({
  request,
  response,
  url,
  path,
  answers,
  calls,
  mistakes,
}: CallContext): Promise<void> {
  try {
    const { name, definition, params } = findRoute(request.method ?? '', path);
    const call: StandInCall = {
      name,
      params,
      query: Object.fromEntries(url.searchParams),
      body: await readBody(request),
    };
    calls.push(call);
    if (definition.body) parser(definition.body).parse(call.body, `body of ${name}`);
    const answer = answers.get(name);
    if (!answer) throw new AppError('not_found', `the stand-in has no answer for ${name}`);
    const value = answer(call);
    if (definition.status === 204) return void response.writeHead(204).end();
    // A fixture that the real daemon could not send is a fault of the test.
    send(response, definition.status, parser(definition.response).parse(value, `answer of ${name}`));
  } catch (error) {
    const body = toErrorBody(error);
    if (body.code === 'invalid_input') mistakes.push(body.message);
    send(response, HTTP_STATUS[body.code], { error: body });
  }
}

function findRoute(method: string, path: string) {
  for (const [name, definition] of Object.entries(routes) as [RouteName, Route][]) {
    const names = [...definition.path.matchAll(/:([a-z]+)/g)].map((match) => match[1] ?? '');
    const match = new RegExp(`^${definition.path.replace(/:[a-z]+/g, '([^/]+)')}$`).exec(path);
    if (definition.method !== method || !match) continue;
    const values = match.slice(1).map(decodeURIComponent);
    return { name, definition, params: Object.fromEntries(names.map((key, at) => [key, values[at] ?? ''])) };
  }
  throw new AppError('not_found', `no route ${method} ${path}`);
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  if (request.method !== 'GET' && request.headers['content-type'] !== 'application/json') {
    throw new AppError('refused', 'a write must be JSON');
  }
  return text === '' ? undefined : JSON.parse(text);
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}
