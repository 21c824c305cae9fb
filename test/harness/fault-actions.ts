import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export const FAULTS = [
  /** Cut before anything is answered: what a firewall that rejects looks like to one call. */
  'refuse',
  /** Cut in the middle: of the request where that carries data, else of the answer, so that Space knows and we don't. */
  'reset after n bytes',
  /** Taken and never answered; the connection stays dead when the fault is over. */
  'black hole',
  '1 byte/s',
  '30 s delay',
  '500',
  '503 with Retry-After',
  '429',
  '200 with HTML',
  '200 with null data',
  '506',
  'expired token',
  'wrong certificate',
] as const;
export type Fault = (typeof FAULTS)[number];

interface Until {
  readonly healed: AbortSignal;
  /** The proxy itself ends. */
  readonly over: AbortSignal;
}

export interface StruckCall {
  readonly call: IncomingMessage;
  readonly answer: ServerResponse;
  readonly until: Until;
  /** @param relay false: the answer is left to the caller */
  forward(relay?: boolean): Promise<IncomingMessage>;
}

export interface StruckSocket {
  readonly client: Socket;
  readonly until: Until;
  join(): void;
}

const RESET_AFTER_BYTES = 10;
const DELAY_MS = 30_000;
const HTML = '<!DOCTYPE html><html><body>Welcome to our hotel</body></html>';
const EXPIRED =
  '<?xml version="1.0" encoding="UTF-8"?><Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>';

/** Answers that need no Space: status, headers, body. */
const ANSWERS: Partial<Record<Fault, readonly [number, Record<string, string>, string]>> = {
  '500': [500, { 'content-type': 'text/plain' }, 'oops'],
  '503 with Retry-After': [503, { 'retry-after': '1' }, ''],
  '429': [429, {}, ''],
  '200 with HTML': [200, { 'content-type': 'text/html' }, HTML],
  '200 with null data': [
    200,
    { 'content-type': 'application/json' },
    '{"code":200,"message":"ok","data":null}',
  ],
  '506': [200, { 'content-type': 'application/json' }, '{"code":506,"message":"login invalid","data":null}'],
  'expired token': [400, { 'content-type': 'application/xml' }, EXPIRED],
};

/** Lets a fault happen to one call. */
export async function actOnCall(fault: Fault, struck: StruckCall): Promise<void> {
  const { call, answer, until, forward } = struck;
  const ready = ANSWERS[fault];
  if (ready) {
    const [status, headers, body] = ready;
    call.resume();
    await once(call, 'end').catch(() => undefined);
    answer.writeHead(status, headers).end(call.method === 'HEAD' ? '' : body);
    return;
  }
  switch (fault) {
    case 'refuse':
      return void call.socket.resetAndDestroy();
    case 'reset after n bytes':
      return await resetInTheMiddle(struck);
    case '1 byte/s':
      return await drip(struck);
    case '30 s delay':
      await pause(DELAY_MS, AbortSignal.any([until.healed, until.over]));
      return void (await forward());
    default:
      // A black hole: nothing, for ever.
      return undefined;
  }
}

export async function actOnSocket(fault: Fault, { client, until, join }: StruckSocket): Promise<void> {
  const ready = ANSWERS[fault];
  if (ready) {
    const [status, headers, body] = ready;
    const lines = Object.entries({ ...headers, 'content-length': String(body.length), connection: 'close' });
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    return void client.end(`HTTP/1.1 ${status} X\r\n${head}\r\n${body}`);
  }
  if (fault === 'refuse') return void client.resetAndDestroy();
  if (fault === 'reset after n bytes') {
    client.write('HTTP/1.1 1');
    return void client.resetAndDestroy();
  }
  if (fault !== '30 s delay') return;
  await pause(DELAY_MS, AbortSignal.any([until.healed, until.over]));
  if (!client.destroyed) join();
}

async function resetInTheMiddle({ call, answer, forward }: StruckCall): Promise<void> {
  if (call.method === 'PUT') {
    await once(call, 'data').catch(() => undefined);
    return void call.socket.resetAndDestroy();
  }
  const incoming = await forward(false);
  incoming.resume();
  answer.writeHead(incoming.statusCode ?? 502, incoming.rawHeaders);
  answer.write('{"code":20'.slice(0, RESET_AFTER_BYTES), () => call.socket.resetAndDestroy());
}

/** An upload crawls in, a download crawls out; once healed the rest goes at full speed. */
async function drip(struck: StruckCall): Promise<void> {
  const over = AbortSignal.any([struck.until.healed, struck.until.over]);
  if (struck.call.method === 'PUT') await dripIn(struck, over);
  else await dripOut(struck, over);
}

async function dripIn({ call, forward }: StruckCall, over: AbortSignal): Promise<void> {
  const taken: Buffer[] = [];
  while (!over.aborted && !call.destroyed) {
    const byte = call.read(1) as Buffer | null;
    if (byte) taken.push(byte);
    await pause(1_000, over);
  }
  if (call.destroyed) return;
  call.unshift(Buffer.concat(taken));
  await forward();
}

async function dripOut({ answer, forward }: StruckCall, over: AbortSignal): Promise<void> {
  const incoming = await forward(false);
  const body = await bytesOf(incoming);
  answer.writeHead(incoming.statusCode ?? 502, incoming.rawHeaders);
  answer.flushHeaders();
  let at = 0;
  while (at < body.length && !over.aborted && !answer.destroyed) {
    answer.write(body.subarray(at, at + 1));
    at += 1;
    await pause(1_000, over);
  }
  if (!answer.destroyed) answer.end(body.subarray(at));
}

async function bytesOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(done, ms);
    timer.unref();
    signal.addEventListener('abort', done, { once: true });
  });
}
