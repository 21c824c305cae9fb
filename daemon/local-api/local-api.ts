import type { Server } from 'node:http';
import { join } from 'node:path';
import { AppError } from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Chance } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { createApp, type Listener } from './app.ts';
import { checkNoBrowser, createBrowserGuard, SECURITY_HEADERS } from './guard.ts';
import { closeServer, listenTcp, listenUnix, serverOf } from './listeners.ts';
import { createMetrics } from './metrics.ts';
import type { ApiPorts } from './ports.ts';
import { createSessions } from './sessions.ts';

export interface LocalApiOptions {
  readonly ports: ApiPorts;
  readonly runDir: string;
  readonly http: { readonly host: string; readonly port: number } | undefined;
  /** Directory of the built page. */
  readonly pageDir: string;
  readonly version: string;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
}

export interface LocalApi {
  /** `http://127.0.0.1:8640`, or undefined when the page is off. */
  readonly pageUrl: string | undefined;
  close(): Promise<void>;
}

const ADMIN_MODE = 0o600;
const STATUS_MODE = 0o660;

/** Opens the sockets and the page. */
export async function startLocalApi(options: LocalApiOptions): Promise<LocalApi> {
  const servers = new Map<Server, Listener>();
  let pageUrl: string | undefined;
  const listenerOf = (request: Parameters<typeof serverOf>[0]): Listener => {
    const listener = servers.get(serverOf(request) as Server);
    if (!listener) throw new AppError('refused', 'unknown listener');
    return listener;
  };
  const sessions = createSessions(options);
  const app = createApp({
    ...options,
    sessions,
    listenerOf,
    pageUrl: () => pageUrl,
    metrics: createMetrics(options.ports),
  });
  const close = async (): Promise<void> => {
    await Promise.all([...servers.keys()].map(closeServer));
    await app.close();
  };
  try {
    if (options.http) await servePage(app, options.pageDir);
    await app.ready();
    const handler = app.routing.bind(app);
    const admin = await listenUnix(join(options.runDir, 'admin.sock'), ADMIN_MODE, handler);
    servers.set(admin, { kind: 'admin', check: checkNoBrowser });
    const status = await listenUnix(join(options.runDir, 'status.sock'), STATUS_MODE, handler);
    servers.set(status, { kind: 'status', check: checkNoBrowser });
    if (options.http) {
      const { host } = options.http;
      const page = await listenTcp(host, options.http.port, handler);
      const { port } = page.address() as { port: number };
      servers.set(page, {
        kind: 'page',
        check: createBrowserGuard(hostNames(host, port)).check,
        headers: SECURITY_HEADERS,
        sessionCookie: `olares_backup_${port}`,
      });
      pageUrl = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
    }
    return { pageUrl, close };
  } catch (error) {
    // A server that listens would keep a daemon alive that has closed all behind it.
    await close();
    throw error;
  }
}

function hostNames(host: string, port: number): ReadonlySet<string> {
  const own = host.includes(':') ? `[${host}]` : host;
  return new Set([`127.0.0.1:${port}`, `[::1]:${port}`, `localhost:${port}`, `${own}:${port}`]);
}

/** The built page. Loaded only where there is a page. */
async function servePage(app: ReturnType<typeof createApp>, pageDir: string): Promise<void> {
  const { default: fastifyStatic } = await import('@fastify/static');
  await app.register(fastifyStatic, { root: pageDir, cacheControl: false });
}
