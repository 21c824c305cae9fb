import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import type { AgentHub } from './agents/hub.ts';
import { addMachineRoutes } from './agents/machines.ts';
import { addPairingRoute } from './agents/pairing.ts';
import type { WireContext } from './api/calls.ts';
import { OWN_CODES, refusal } from './api/envelope.ts';
import { addWireRoutes } from './api/routes.ts';
import { hostToPin } from './api/sts.ts';
import type { LiveProgress, Viewers } from './console-api/live.ts';
import { addSecurityHeaders } from './console-api/guard.ts';
import { addConsolePage } from './console-api/page.ts';
import { addConsoleRoutes } from './console-api/routes.ts';
import type { SpaceFaults } from './faults.ts';
import type { SpaceHosts } from './hosts.ts';
import type { Log } from './log.ts';
import type { PairingCode } from './state/pairing-codes.ts';

export interface HttpOptions {
  readonly wire: WireContext;
  readonly hub: AgentHub;
  readonly hosts: SpaceHosts;
  readonly viewers: Viewers;
  readonly progress: LiveProgress;
  readonly log: Log;
  readonly faults: SpaceFaults | undefined;
  readonly pageDir: string | undefined;
  readonly createPairingCode: (name: string) => PairingCode;
  readonly revoke: (deviceId: string) => void;
}

export interface Http {
  readonly server: Server;
  close(): Promise<void>;
}

/** Olares' own base address ends in it; both are served. */
const BASE = '/space/';
/** For a request or answer that stands still; uploads and downloads of objects have the storage's own limits. */
const IDLE_MS = 60_000;

/** One port for everything: objects to the storage, the rest to the API, upgrades to the agents. */
export async function buildHttp(options: HttpOptions): Promise<Http> {
  const { wire, hub } = options;
  const sockets = new Set<Socket>();
  const app: FastifyInstance = fastify({
    serverFactory: (handle) =>
      createServer({ requestTimeout: 0 }, (request, response) => {
        if (wire.storage.isS3Request(request)) return wire.storage.handle(request, response);
        request.setTimeout(IDLE_MS);
        request.url = withoutBase(request.url ?? '/');
        handle(request, response);
      }),
    forceCloseConnections: true,
  });
  app.addHook('onRequest', async (_request, reply) => addSecurityHeaders(reply));
  app.setNotFoundHandler((_request, reply) => reply.code(404).send(refusal(404, 'there is nothing here')));
  app.setErrorHandler((error, _request, reply) => {
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    if (status >= 500) options.log('error', 'a request failed', { error });
    return reply.send(
      refusal(status >= 500 ? OWN_CODES.failed : OWN_CODES.badRequest, 'the request cannot be read'),
    );
  });
  await addParts(app, options);
  await app.ready();
  const { server } = app;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    hub.upgrade(request, socket, { head, path: withoutBase(request.url ?? '/') });
  });
  return { server, close: () => closeServer(app.server, sockets) };
}

async function addParts(app: FastifyInstance, options: HttpOptions): Promise<void> {
  const { wire, hub, hosts, viewers, progress, log, faults, pageDir, createPairingCode, revoke } = options;
  const { state, storage, storageIdentity, clock, changed } = wire;
  const storageHost = () => hostToPin(storageIdentity, hosts.url);
  await app.register(async (scope) => addWireRoutes(scope, { context: wire, faults, log }));
  await app.register(async (scope) =>
    addPairingRoute(scope, { state, clock, log, faults, changed, storageHost }),
  );
  await app.register(async (scope) =>
    addMachineRoutes(scope, { state, faults, isLive: (deviceId) => hub.isLive(deviceId), revoke }),
  );
  await app.register(async (scope) =>
    addConsoleRoutes(scope, {
      viewers,
      log,
      createPairingCode,
      revoke,
      storage: storageIdentity,
      hosts: () => hosts.names(),
      isHttps: hosts.isHttps,
      // With the port: cookies of two servers on one name would else be one.
      cookieName: () => `olares-space-${hosts.port}`,
      sources: {
        state,
        clock,
        progress,
        get spaceUrl() {
          return hosts.url;
        },
        isConnected: (deviceId) => hub.isLive(deviceId),
        usedBytes: (accountId) => storage.accountUsage(accountId).bytes,
      },
      command: (command) => hub.command(command),
    }),
  );
  await app.register(async (scope) => addConsolePage(scope, { pageDir, hosts: () => hosts.names(), log }));
}

const withoutBase = (url: string): string => (url.startsWith(BASE) ? url.slice(BASE.length - 1) : url);

/** Ends what is idle at once and the rest after a moment: a stop never waits for a peer. */
async function closeServer(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const GRACE_MS = 2_000;
  if (!server.listening) return;
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  const late = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, GRACE_MS);
  await closed;
  clearTimeout(late);
}
