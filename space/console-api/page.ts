import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import type { Log } from '../log.ts';
import { checkHost } from './guard.ts';
import { sendError } from './routes.ts';

const NOT_BUILT = 'The console page is not built. Run `npm run build` in the checkout, then reload.\n';

/** Beside the bundled program (dist/console), or from sources the checkout's dist/console. */
export function findConsolePage(): string | undefined {
  const here = dirname(fileURLToPath(import.meta.url));
  const candidates = [
    join(here, 'console'),
    join(here, '..', 'console'),
    join(here, '..', '..', 'dist', 'console'),
  ];
  return candidates.find(
    (dir) => existsSync(join(dir, 'index.html')) && !existsSync(join(dir, 'vite.config.ts')),
  );
}

export interface PageOptions {
  readonly pageDir: string | undefined;
  readonly hosts: () => readonly string[];
  readonly log: Log;
}

/** The built console page at `/`. It holds no data, so it needs no session. */
export async function addConsolePage(
  app: FastifyInstance,
  { pageDir, hosts, log }: PageOptions,
): Promise<void> {
  app.addHook('onRequest', async (request) => checkHost(request, hosts()));
  app.setErrorHandler((error, _request, reply) => sendError(error, reply, log));
  if (pageDir === undefined) {
    app.get('/', async (_request, reply) => reply.type('text/plain').send(NOT_BUILT));
    return;
  }
  await app.register(fastifyStatic, { root: pageDir, wildcard: false, cacheControl: false });
}
