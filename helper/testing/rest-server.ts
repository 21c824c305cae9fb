import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export interface RestServer {
  /** As restic's `--repo`. */
  readonly address: string;
  /** Bytes of packs that were asked for. */
  fetched: number;
  /** Before each piece of a pack, milliseconds. */
  delayMs: number;
  reached(bytes: number): Promise<void>;
  close(): Promise<void>;
}

/** A directory repository over restic's REST protocol, which counts what is fetched of it. */
export async function openRestServer(directory: string): Promise<RestServer> {
  const waiting: { bytes: number; done: () => void }[] = [];
  const http = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  const server = {
    fetched: 0,
    delayMs: 0,
    address: '',
    reached: (bytes: number) => new Promise<void>((done) => waiting.push({ bytes, done })),
    close: () =>
      new Promise<void>((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
  const count = (bytes: number) => {
    server.fetched += bytes;
    for (const waiter of waiting.filter(({ bytes }) => bytes <= server.fetched)) waiter.done();
  };

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const { type, name } = partsOf(request.url);
    const path = pathOf(directory, type, name);
    if (request.method === 'POST') return await write(path, request, response);
    if (request.method === 'DELETE') {
      rmSync(path, { force: true });
      return response.end();
    }
    if (type !== 'config' && name === '') return list(join(directory, type), response);
    if (!existsSync(path)) return response.writeHead(404).end();
    await send({ path, request, response, onPiece: type === 'data' ? onPiece : undefined });
  };
  const onPiece = async (bytes: number) => {
    count(bytes);
    await wait(server.delayMs);
  };
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  server.address = `rest:http://127.0.0.1:${(http.address() as AddressInfo).port}/`;
  return server;
}

function partsOf(url = ''): { type: string; name: string } {
  const [, type = '', name = ''] = url.split('?', 1).join('').split('/');
  return { type, name };
}

interface Sending {
  readonly path: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly onPiece: ((bytes: number) => Promise<void>) | undefined;
}

async function send({ path, request, response, onPiece }: Sending): Promise<void> {
  const { size } = statSync(path);
  const { range: asked } = request.headers;
  const [, from = '0', to] = /^bytes=(\d+)-(\d*)$/.exec(asked ?? '') ?? [];
  const range = { start: Number(from), end: Math.min(size - 1, Number(to || size - 1)) };
  response.writeHead(asked ? 206 : 200, { 'content-length': range.end - range.start + 1 });
  if (request.method !== 'HEAD') {
    for await (const piece of createReadStream(path, { ...range, highWaterMark: 65_536 })) {
      await onPiece?.((piece as Buffer).length);
      if (response.destroyed) return;
      response.write(piece);
    }
  }
  response.end();
}

function pathOf(root: string, type: string, name: string): string {
  if (type === 'config') return join(root, 'config');
  return type === 'data' ? join(root, type, name.slice(0, 2), name) : join(root, type, name);
}

async function write(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, Buffer.concat(parts));
  response.end();
}

function list(directory: string, response: ServerResponse): void {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const names = files.map(({ name, parentPath }) => ({ name, size: statSync(join(parentPath, name)).size }));
  response.writeHead(200, { 'content-type': 'application/vnd.x.restic.rest.v2' }).end(JSON.stringify(names));
}
