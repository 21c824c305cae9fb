import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openCountingServer, type CountingServer } from './counting-server.ts';

/** A directory repository over restic's REST protocol. */
export async function openRestServer(directory: string): Promise<CountingServer> {
  return await openCountingServer(
    (url) => `rest:${url}/`,
    async ({ url, request, serve, say }) => {
      const [, type = '', name = ''] = url.pathname.split('/');
      const isList = type !== 'config' && name === '' && request.method === 'GET';
      if (isList) return say(listOf(join(directory, type)), 'application/vnd.x.restic.rest.v2');
      await serve(pathOf(directory, type, name), type === 'data');
    },
  );
}

function pathOf(root: string, type: string, name: string): string {
  if (type === 'config') return join(root, 'config');
  return type === 'data' ? join(root, type, name.slice(0, 2), name) : join(root, type, name);
}

function listOf(directory: string): string {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return JSON.stringify(
    files.map(({ name, parentPath }) => ({ name, size: statSync(join(parentPath, name)).size })),
  );
}
