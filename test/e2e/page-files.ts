import { mkdtemp, rm } from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { build } from 'vite';

const PAGE_ROOT = join(import.meta.dirname, '..', '..', 'daemon', 'admin-page');

/** The policy under which the daemon serves the page. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export interface BuiltPage extends AsyncDisposable {
  readonly dir: string;
}

/** The page built from the sources as they are, in a directory of its own. */
export async function buildAdminPage(): Promise<BuiltPage> {
  const dir = await mkdtemp(join(tmpdir(), 'admin-page-'));
  await build({
    root: PAGE_ROOT,
    configFile: join(PAGE_ROOT, 'vite.config.ts'),
    logLevel: 'error',
    build: { outDir: dir, emptyOutDir: true },
  });
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}

export function serveBuiltPage(dir: string, path: string, response: ServerResponse): void {
  const file = join(dir, normalize(path === '/' ? '/index.html' : path));
  if (!existsSync(file)) return void response.writeHead(404).end();
  response.writeHead(200, {
    'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    'content-security-policy': PAGE_POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  });
  response.end(readFileSync(file));
}
