import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type Server as NetServer } from 'node:net';
import { dirname } from 'node:path';
import { AppError } from '../../contract/index.ts';

export type RequestHandler = Parameters<typeof createServer>[1];

/**
 * Listens on a unix socket with exactly this mode. A file of another kind is never replaced, a live socket neither.
 * @throws AppError `conflict`
 */
export async function listenUnix(path: string, mode: number, handler: RequestHandler): Promise<Server> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  await clearStaleSocket(path);
  const server = httpServer(handler);
  const former = process.umask(0o777 & ~mode);
  try {
    await listening(server, () => server.listen(path));
  } finally {
    process.umask(former);
  }
  chmodSync(path, mode);
  return server;
}

/** @throws AppError `conflict` when the port is taken */
export async function listenTcp(host: string, port: number, handler: RequestHandler): Promise<Server> {
  const server = httpServer(handler);
  await listening(server, () => server.listen({ host, port })).catch((cause: unknown) => {
    throw new AppError(
      'conflict',
      `the page can not be served at ${host}:${port}: ${(cause as NodeJS.ErrnoException).code ?? 'it failed'}`,
      {
        hint: 'choose another with --http HOST:PORT, or switch the page off with --http off',
        cause,
      },
    );
  });
  return server;
}

export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

export const serverOf = (request: IncomingMessage): NetServer | undefined =>
  (request.socket as unknown as { server?: NetServer }).server;

function httpServer(handler: RequestHandler): Server {
  const server = createServer(
    { requestTimeout: 60_000, headersTimeout: 20_000, maxHeaderSize: 16_384 },
    handler,
  );
  server.maxConnections = 256;
  return server;
}

function listening(server: Server, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    listen();
  });
}

async function clearStaleSocket(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return;
  if (!stat.isSocket())
    throw new AppError('conflict', `${path} exists and is no socket`, {
      hint: 'move it away; it is not the agent’s',
    });
  if (await answers(path)) {
    throw new AppError('conflict', `another agent listens on ${path}`, {
      hint: 'one agent per state directory: stop it, or use --state-dir',
    });
  }
  rmSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
