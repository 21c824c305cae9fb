import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { callSpace, type SpaceCall } from './space-http.ts';

const NOW = Date.UTC(2026, 10, 20, 12);
const OK = JSON.stringify({ code: 200, message: 'ok', data: { some: 'thing' } });
let server: Server | undefined;
afterEach(() => void server?.close());

async function listen(started: Server): Promise<string> {
  server = started.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/resource/x`;
}

const serve = (listener: RequestListener): Promise<string> => listen(createServer(listener));
const call = (url: string, more: Partial<SpaceCall> = {}, timeoutMs = 5_000) =>
  callSpace({ url, form: { a: '1' }, ...more }, { now: () => NOW, timeoutMs });
const unreachable = (message: RegExp | string) => ({
  code: 'unreachable',
  retry: 'backoff',
  message: expect.stringMatching(message) as string,
});

it('posts a form or JSON and answers with data and the difference of the clocks', async () => {
  const seen: string[] = [];
  const url = await serve((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      seen.push(`${request.method} ${request.headers['content-type']} ${body}`);
      response.setHeader('date', new Date(NOW + 90_000).toUTCString()).end(OK);
    });
  });
  expect(await call(url, { form: { a: 'ü &', b: '2' } })).toEqual({
    code: 200,
    data: { some: 'thing' },
    clockOffsetMs: 90_000,
  });
  await call(url, { json: { a: 'ü' } });
  expect(seen).toEqual([
    'POST application/x-www-form-urlencoded a=%C3%BC+%26&b=2',
    'POST application/json {"a":"ü"}',
  ]);
});

it('never follows a redirect: what is sent may be a token', async () => {
  let followed = false;
  const url = await serve((request, response) => {
    followed ||= request.url === '/elsewhere';
    response.writeHead(307, { location: '/elsewhere' }).end();
  });
  await expect(call(url)).rejects.toMatchObject(unreachable(/HTTP 307/));
  expect(followed).toBe(false);
});

it('takes the time that an overloaded Space asks for, up to an hour', async () => {
  const url = await serve((_request, response) => response.writeHead(503, { 'retry-after': '999999' }).end());
  await expect(call(url)).rejects.toMatchObject({ ...unreachable(/HTTP 503/), retryAfterMs: 3_600_000 });
});

it('takes a date that an overloaded Space names as well as seconds', async () => {
  const at = new Date(NOW + 90_000).toUTCString();
  const url = await serve((_request, response) => response.writeHead(429, { 'retry-after': at }).end());
  await expect(call(url)).rejects.toMatchObject({ ...unreachable(/HTTP 429/), retryAfterMs: 90_000 });
});

it.each([
  ['a second that has begun', 0, 0],
  ['a minute behind', -60_000, -59_001],
])('tells no difference of clocks from a date in %s but what the date shows', async (_what, ms, offset) => {
  const url = await serve((_request, response) => {
    response.setHeader('date', new Date(NOW + ms).toUTCString()).end(OK);
  });
  expect(await call(url)).toMatchObject({ clockOffsetMs: offset });
});

it.each([
  ['HTML', '<html>Welcome</html>', /no JSON/],
  ['another JSON', '{"error": 1}', /not what a Space answers/],
  ['more than a megabyte', JSON.stringify({ code: 200, data: 'x'.repeat(1 << 20) }), /too long/],
])('calls a Space that answers %s unreachable', async (_what, body, message) => {
  const url = await serve((_request, response) => response.end(body));
  await expect(call(url)).rejects.toMatchObject(unreachable(message));
});

it('says what is wrong with an address at which nothing, or no web server, listens', async () => {
  const url = await listen(
    createTcpServer((socket) => void socket.on('error', () => {}).end('SSH-2.0-x\r\n')),
  );
  await expect(call(url)).rejects.toMatchObject(unreachable(/not HTTP|was cut/));
  server?.close();
  await expect(call(url)).rejects.toMatchObject(unreachable(/nothing listens/));
});

it('gives up on a Space that is slow to answer, or that answers bit by bit', async () => {
  const silent = await serve(() => {});
  await expect(call(silent, {}, 50)).rejects.toMatchObject(unreachable(/in time/));
  server?.close();
  const dripping = await serve((_request, response) => void response.write('{'));
  await expect(call(dripping, {}, 200)).rejects.toMatchObject(unreachable(/in time/));
});

it('ends at once when the caller stops', async () => {
  const stop = new AbortController();
  const url = await serve(() => stop.abort());
  await expect(call(url, { signal: stop.signal })).rejects.toMatchObject({ code: 'unreachable' });
});

it('tells an ended sign-in and a refusal from a Space that is away', async () => {
  const codes = [506, 507, 501];
  const url = await serve((_request, response) =>
    response.end(JSON.stringify({ code: codes.shift(), message: 'no\u001b[31m', data: null })),
  );
  await expect(call(url)).rejects.toMatchObject({ code: 'not_signed_in', retry: 'after_action' });
  await expect(call(url)).rejects.toMatchObject({
    code: 'refused',
    message: expect.not.stringContaining('\u001b') as string,
  });
  expect(await call(url, { alsoOk: [501] })).toMatchObject({ code: 501 });
});
