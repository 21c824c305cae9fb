import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSocketServer, type Server } from 'node:net';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  API_PREFIX,
  AppError,
  HTTP_STATUS,
  parser,
  routes,
  SecretMessage,
  toErrorBody,
  VERSION_HEADER,
  type AgentEvent,
  type Progress,
  type Route,
  type RouteName,
  type RouteResponse,
  type Routes,
  type SecretChannel,
} from '../../contract/index.ts';

export interface Received {
  readonly route: RouteName;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}

type Answer<N extends RouteName> = RouteResponse<Routes[N]> | AppError;
type Handler<N extends RouteName> = Answer<N> | ((received: Received) => Answer<N>);

/** The daemon's side of the local API with canned answers; both directions are held to the contract's schemas. */
export interface FakeDaemon extends AsyncDisposable {
  readonly stateDir: string;
  readonly received: Received[];
  /** What came over the secret channels, in order. */
  readonly secrets: SecretMessage[];
  answer<N extends RouteName>(name: N, handler: Handler<N>): void;
  /** A helper that waits for a secret and answers with this verdict. */
  secretChannel(
    verdict: (secret: SecretMessage) => AppError | undefined,
    triesLeft?: number,
  ): Promise<SecretChannel>;
  emit(event: AgentEvent): void;
  progress(progress: Progress): void;
  /** Called when an event stream was opened and got its history. */
  onStream(listener: () => void): void;
  /** Ends all event streams after what was written. */
  endStreams(): void;
  /** Breaks all event streams, as a crash would. */
  dropStreams(): void;
  bodiesOf(name: RouteName): unknown[];
}

const VERSION = '0.1.0';

export async function startFakeDaemon(socketName = 'admin.sock', version = VERSION): Promise<FakeDaemon> {
  const stateDir = mkdtempSync(join(tmpdir(), 'olares-cli-'));
  mkdirSync(join(stateDir, 'run'));
  const handlers = new Map<RouteName, Handler<never>>();
  // Every location can be used, unless a test says otherwise.
  handlers.set('testNewPlan', { steps: [] } as never);
  handlers.set('testPlan', { steps: [] } as never);
  const received: Received[] = [];
  const secrets: SecretMessage[] = [];
  const helpers: Server[] = [];
  const { serveStream, ...events } = createEvents();
  const server = createServer((request, response) => {
    response.setHeader(VERSION_HEADER, version);
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname === `${API_PREFIX}/events`) serveStream(url, response);
    else void serve({ request, response, url, handlers, received });
  });
  await new Promise<void>((done) => server.listen(join(stateDir, 'run', socketName), done));
  return {
    stateDir,
    received,
    secrets,
    ...events,
    answer: (name, handler) => void handlers.set(name, handler as Handler<never>),
    bodiesOf: (name) => received.filter(({ route }) => route === name).map(({ body }) => body),
    async secretChannel(verdict, triesLeft) {
      const socketPath = join(stateDir, 'run', `secret-${helpers.length}.sock`);
      helpers.push(await startHelper(socketPath, secrets, verdict));
      return { socketPath, expiresAt: 2_000_000_000_000, ...(triesLeft === undefined ? {} : { triesLeft }) };
    },
    async [Symbol.asyncDispose]() {
      events.dropStreams();
      for (const helper of helpers) helper.close();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      rmSync(stateDir, { recursive: true });
    },
  };
}

function createEvents() {
  const history: AgentEvent[] = [];
  const streams = new Set<ServerResponse>();
  let onStream = () => {};
  const each = (act: (stream: ServerResponse) => void) => {
    for (const stream of streams) act(stream);
  };
  return {
    serveStream(url: URL, response: ServerResponse) {
      streams.add(response);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': welcome\n\n');
      const after = Number(url.searchParams.get('after') ?? 0);
      history.filter(({ seq }) => seq > after).forEach((event) => writeEvent(response, event));
      onStream();
    },
    emit(event: AgentEvent) {
      history.push(event);
      each((stream) => writeEvent(stream, event));
    },
    progress(progress: Progress) {
      each((stream) => stream.write(`event: progress\ndata: ${JSON.stringify(progress)}\n\n`));
    },
    onStream(listener: () => void) {
      onStream = listener;
    },
    endStreams() {
      each((stream) => stream.end());
      streams.clear();
    },
    dropStreams() {
      each((stream) => stream.destroy());
      streams.clear();
    },
  };
}

function writeEvent(response: ServerResponse, event: AgentEvent): void {
  response.write(`id: ${event.seq}\nevent: event\ndata: ${JSON.stringify(event)}\n\n`);
}

interface Serving {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly handlers: ReadonlyMap<RouteName, Handler<never>>;
  readonly received: Received[];
}

async function serve({ request, response, url, handlers, received }: Serving): Promise<void> {
  const { status, body } = await reply({ request, url, handlers, received }).catch((error: unknown) => {
    const wire = toErrorBody(error);
    // A fault of the test itself must be readable in the program's output.
    const message = error instanceof Error ? error.message : String(error);
    return { status: HTTP_STATUS[wire.code], body: { error: { ...wire, message } } };
  });
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(status === 204 ? undefined : JSON.stringify(body));
}

async function reply({ request, url, handlers, received }: Omit<Serving, 'response'>) {
  const found = findRoute(request.method ?? 'GET', url.pathname);
  if (!found) throw new AppError('not_found', `there is no route ${request.method} ${url.pathname}`);
  let text = '';
  for await (const piece of request.setEncoding('utf8')) text += piece;
  const body: unknown = text === '' ? undefined : JSON.parse(text);
  const definition: Route = routes[found.name];
  if (definition.body) parser(definition.body).parse(body, 'request body');
  const call = { route: found.name, params: found.params, query: Object.fromEntries(url.searchParams), body };
  received.push(call);
  const handler = handlers.get(found.name) as Handler<RouteName> | undefined;
  if (handler === undefined) throw new AppError('failed', `the test has no answer for ${found.name}`);
  const answer = typeof handler === 'function' ? handler(call) : handler;
  if (answer instanceof AppError) throw answer;
  return {
    status: definition.status,
    body:
      definition.status === 204
        ? null
        : parser(definition.response).parse(answer, `canned answer of ${found.name}`),
  };
}

function findRoute(method: string, path: string) {
  for (const [name, definition] of Object.entries<Route>(routes)) {
    const keys = [...definition.path.matchAll(/:([a-z]+)/g)].map(([, key]) => key ?? '');
    const pattern = new RegExp(`^${API_PREFIX}${definition.path.replace(/:[a-z]+/g, '([^/]+)')}$`);
    const match = definition.method === method ? pattern.exec(path) : null;
    if (!match) continue;
    const params = Object.fromEntries(
      keys.map((key, index) => [key, decodeURIComponent(match[index + 1] ?? '')]),
    );
    return { name: name as RouteName, params };
  }
  return undefined;
}

function startHelper(
  socketPath: string,
  secrets: SecretMessage[],
  verdict: (secret: SecretMessage) => AppError | undefined,
): Promise<Server> {
  const helper = createSocketServer((socket) => {
    let text = '';
    socket.on('error', () => socket.destroy());
    socket.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      if (!text.includes('\n')) return;
      const secret = parser(SecretMessage).parse(JSON.parse(text), 'secret');
      secrets.push(secret);
      const error = verdict(secret);
      socket.end(`${JSON.stringify(error ? { ok: false, error: toErrorBody(error) } : { ok: true })}\n`);
    });
  });
  return new Promise((done) => helper.listen(socketPath, () => done(helper)));
}
