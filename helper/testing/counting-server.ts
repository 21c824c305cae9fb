import { createReadStream, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** The storage of a repository, which counts what is fetched of it. */
export interface CountingServer {
  /** As restic's `--repo`. */
  readonly address: string;
  /** Bytes of packs that were asked for. */
  fetched: number;
  /** Bytes of everything else: configuration, keys, lists, indexes, snapshots. */
  fetchedBeside: number;
  /** Before each piece of a pack, milliseconds. */
  delayMs: number;
  reached(bytes: number): Promise<void>;
  close(): Promise<void>;
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** Answers with a text, counted as what lies beside the packs. */
  say(text: string, type: string): void;
  /** GET, HEAD, PUT, POST and DELETE of one file. */
  serve(path: string, isPack: boolean): Promise<void>;
}

/**
 * @param addressOf the repository's address, from `http://127.0.0.1:PORT`
 * @param answer one request
 */
export async function openCountingServer(
  addressOf: (url: string) => string,
  answer: (exchange: Exchange) => Promise<void> | void,
): Promise<CountingServer> {
  const waiting: { bytes: number; done: () => void }[] = [];
  const http = createServer((request, response) => {
    Promise.resolve(answer(exchangeOf(server, onPack, { request, response }))).catch(() =>
      response.destroy(),
    );
  });
  const server = {
    fetched: 0,
    fetchedBeside: 0,
    delayMs: 0,
    address: '',
    reached: (bytes: number) => new Promise<void>((done) => waiting.push({ bytes, done })),
    close: () =>
      new Promise<void>((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
  const onPack = async (bytes: number) => {
    server.fetched += bytes;
    for (const waiter of waiting.filter(({ bytes }) => bytes <= server.fetched)) waiter.done();
    await wait(server.delayMs);
  };
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  server.address = addressOf(`http://127.0.0.1:${(http.address() as AddressInfo).port}`);
  return server;
}

type Pair = Pick<Exchange, 'request' | 'response'>;
type OnBytes = (bytes: number) => Promise<void>;

function exchangeOf(server: CountingServer, onPack: OnBytes, pair: Pair): Exchange {
  const { request, response } = pair;
  const onBeside = async (bytes: number) => void (server.fetchedBeside += bytes);
  return {
    ...pair,
    url: new URL(request.url ?? '/', 'http://storage'),
    say(text, type) {
      server.fetchedBeside += Buffer.byteLength(text);
      response.writeHead(200, { 'content-type': type }).end(text);
    },
    async serve(path, isPack) {
      const { method = '' } = request;
      if (method === 'PUT' || method === 'POST') return await write(path, pair);
      if (method === 'DELETE') {
        rmSync(path, { force: true });
        // REST wants 200, S3 204.
        return void response.writeHead('x-amz-date' in request.headers ? 204 : 200).end();
      }
      if (!existsSync(path)) return void response.writeHead(404).end();
      await send(path, pair, isPack ? onPack : onBeside);
    },
  };
}

async function send(path: string, { request, response }: Pair, onBytes: OnBytes): Promise<void> {
  const { size, mtime } = statSync(path);
  const { range: asked } = request.headers;
  const [, from = '0', to] = /^bytes=(\d+)-(\d*)$/.exec(asked ?? '') ?? [];
  const range = { start: Number(from), end: Math.min(size - 1, Number(to || size - 1)) };
  response.writeHead(asked ? 206 : 200, {
    'content-length': range.end - range.start + 1,
    'last-modified': mtime.toUTCString(),
    etag: '"none"',
    ...(asked && { 'content-range': `bytes ${range.start}-${range.end}/${size}` }),
  });
  if (request.method !== 'HEAD') {
    for await (const piece of createReadStream(path, { ...range, highWaterMark: 65_536 })) {
      await onBytes((piece as Buffer).length);
      if (response.destroyed) return;
      response.write(piece);
    }
  }
  response.end();
}

async function write(path: string, { request, response }: Pair): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const isSigned = 'x-amz-decoded-content-length' in request.headers;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, isSigned ? unsigned(Buffer.concat(parts)) : Buffer.concat(parts));
  response.writeHead(200, { etag: '"none"' }).end();
}

/** Takes the pieces out of S3's `SIZE;chunk-signature=…` frames. */
function unsigned(body: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const start = body.indexOf('\r\n', at) + 2;
    const size = Number.parseInt(body.toString('latin1', at, start), 16);
    if (!(size > 0) || start === 1) break;
    pieces.push(body.subarray(start, start + size));
    at = start + size + 2;
  }
  return Buffer.concat(pieces);
}
