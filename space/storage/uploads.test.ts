import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StorageFault } from './storage.ts';
import { createChecksum } from './s3/checksum.ts';
import { sendChunked, type ChunkedUpload } from './testing/aws-chunked.ts';
import {
  ACCOUNT,
  BUCKET,
  PREFIX,
  send,
  sendRaw,
  signedHeaders,
  startStorage,
  type StorageFixture,
} from './testing/storage-fixture.ts';

let fixture: StorageFixture;
let fault: StorageFault | undefined;
type Stream = Omit<ChunkedUpload, 'chunks'>;
const target = `/${BUCKET}/${encodeURIComponent(PREFIX)}/streamed`;

beforeEach(async () => {
  fault = undefined;
  fixture = await startStorage({ faults: { before: () => fault } });
});
afterEach(async () => {
  expect(fixture.errors).toEqual([]);
  await fixture[Symbol.asyncDispose]();
});

async function blobFiles(): Promise<string[]> {
  const names = await readdir(path.join(fixture.dir, 'blobs'), { recursive: true, withFileTypes: true });
  return names.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

const read = async () => sendRaw(fixture, await fixture.credentials(), { method: 'GET', path: target });

const sendStream = (chunks: string[], options: Stream = {}) =>
  sendChunked(fixture, target, { ...options, chunks });

const crc32c = (text: string) => {
  const sum = createChecksum('crc32c');
  sum.update(Buffer.from(text));
  return { 'x-amz-checksum-crc32c': sum.digest() };
};

describe('checksums', () => {
  // The check values of the CRC catalogue and of FIPS 180 for "123456789".
  it.each([
    ['crc32', 'cbf43926'],
    ['crc32c', 'e3069283'],
    ['crc64nvme', 'ae8b14860a799888'],
    ['sha1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
  ] as const)('%s is the one of its definition', (algorithm, hex) => {
    const sum = createChecksum(algorithm);
    sum.update(Buffer.from('1234'));
    sum.update(Buffer.from('56789'));
    expect(Buffer.from(sum.digest(), 'base64').toString('hex')).toBe(hex);
  });
});

describe('a streamed upload', () => {
  it.each([
    ['signed chunks', {}],
    ['signed chunks and trailer', { trailer: crc32c('first second') }],
    ['an unsigned trailer', { trailer: crc32c('first second'), unsigned: true }],
  ] as [string, Stream][])('with %s is stored without its framing', async (_name, options) => {
    expect((await sendStream(['first ', 'second'], options)).status).toBe(200);
    const stored = await read();
    expect(stored.text).toBe('first second');
    expect(stored.headers['content-encoding']).toBeUndefined();
  });

  const signed = { trailer: crc32c('first second') };
  const unsigned = { ...signed, unsigned: true };
  it.each([
    ['changed content', {}, (body: string) => body.replace('second', 'SECOND'), 'SignatureDoesNotMatch'],
    ['exchanged chunks', {}, swapChunks, 'SignatureDoesNotMatch'],
    [
      'a missing chunk',
      {},
      (body: string) => body.slice(body.indexOf('\r\n6;') + 2),
      'SignatureDoesNotMatch',
    ],
    ['a cut end', {}, (body: string) => body.slice(0, body.indexOf('\r\n0;') + 2), 'IncompleteBody'],
    ['bytes after the end', {}, (body: string) => `${body}more`, 'InvalidRequest'],
    [
      'a chunk longer than its header',
      {},
      (body: string) => body.replace('second', 'second!'),
      'InvalidRequest',
    ],
    ['a size that is no number', {}, (body: string) => `z${body}`, 'InvalidRequest'],
    ['an endless line', {}, () => '0'.repeat(5_000), 'InvalidRequest'],
    [
      'a changed signed trailer',
      signed,
      (body: string) => body.replace(/crc32c:..../, 'crc32c:AAAA'),
      'SignatureDoesNotMatch',
    ],
    [
      'a changed unsigned trailer',
      unsigned,
      (body: string) => body.replace(/crc32c:..../, 'crc32c:AAAA'),
      'BadDigest',
    ],
    ['changed unsigned content', unsigned, (body: string) => body.replace('second', 'SECOND'), 'BadDigest'],
    [
      'no trailer where one is announced',
      unsigned,
      (body: string) => body.replace(/x-amz-checksum.*\r\n/, ''),
      'InvalidRequest',
    ],
    [
      'a trailer nobody announced',
      unsigned,
      (body: string) => body.replace('x-amz-checksum', 'x-amz-meta'),
      'InvalidRequest',
    ],
  ] as [string, Stream, (body: string) => string, string][])(
    'with %s is refused whole',
    async (_name, options, bend, code) => {
      expect((await sendStream(['first ', 'second'], { ...options, bend })).code).toBe(code);
      expect((await read()).code).toBe('NoSuchKey');
      expect(await blobFiles()).toEqual([]);
      expect(fixture.storage.accountUsage(ACCOUNT).bytes).toBe(0);
    },
  );

  it('that is longer or shorter than announced is refused', async () => {
    expect((await sendStream(['four'], { length: 5 })).code).toBe('IncompleteBody');
    expect((await sendStream(['four'], { length: 3 })).code).toBe('InvalidRequest');
    expect(await blobFiles()).toEqual([]);
  });
});

function swapChunks(body: string): string {
  return body.replace('first ', '######').replace('second', 'first ').replace('######', 'second');
}

describe('a broken connection', () => {
  it('during an upload leaves neither object nor file nor usage', async () => {
    const body = randomBytes(4_000_000);
    const headers = await signedHeaders(fixture, await fixture.credentials(), {
      method: 'PUT',
      path: target,
      body,
    });
    const socket = connect(fixture.port, '127.0.0.1');
    await once(socket, 'connect');
    const lines = Object.entries({ ...headers, 'content-length': body.length }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    socket.write(`PUT ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    socket.write(body.subarray(0, 2_000_000));
    await vi.waitUntil(async () => (await blobFiles()).length === 1);
    socket.resetAndDestroy();
    await vi.waitUntil(async () => (await blobFiles()).length === 0);
    expect((await read()).code).toBe('NoSuchKey');
    expect(fixture.storage.accountUsage(ACCOUNT)).toEqual({ bytes: 0, objects: 0 });
  });

  it('during an answer leaves the storage working', async () => {
    const body = randomBytes(4_000_000);
    await sendRaw(fixture, await fixture.credentials(), { method: 'PUT', path: target, body });
    fault = { dropAfterBytes: 1_000_000 };
    await expect(read()).rejects.toThrow(/ECONNRESET|aborted|hang up/);
    fault = undefined;
    expect((await read()).headers['content-length']).toBe('4000000');
  });
});

describe('faults for tests', () => {
  it('answer what they say, or later', async () => {
    fault = { status: 503, code: 'SlowDown' };
    expect(await read()).toMatchObject({ status: 503, code: 'SlowDown' });
    fault = { delayMs: 30 };
    const started = performance.now();
    expect((await read()).code).toBe('NoSuchKey');
    expect(performance.now() - started).toBeGreaterThanOrEqual(29);
  });
});

describe('hostile requests', () => {
  const xml = async (body: string) =>
    sendRaw(fixture, await fixture.credentials({ purpose: 'prune' }), {
      method: 'POST',
      path: `/${BUCKET}`,
      query: { delete: '' },
      body,
    });

  it.each([
    '',
    'not xml',
    '<Delete>',
    '<Delete></Other>',
    '<Delete/>',
    '<Delete><Object/></Delete>',
    '<Delete><Object><Key>&undefined;</Key></Object></Delete>',
    '<!DOCTYPE d [<!ENTITY a "b">]><Delete><Object><Key>&a;</Key></Object></Delete>',
    `${'<a>'.repeat(5_000)}`,
    '<Delete><Object><Key>x</Key></Object></Delete><Delete/>',
    `<Delete>${'<Object><Key>x</Key></Object>'.repeat(1_001)}</Delete>`,
  ])('with the XML %.60j are refused', async (body) => {
    expect((await xml(body)).code).toBe('MalformedXML');
  });

  it('with a document too large are refused before it is read', async () => {
    expect((await xml(' '.repeat(1_100_000))).code).toBe('EntityTooLarge');
  });

  it.each(['/%', `/${BUCKET}/%ff`, `/${BUCKET}/a%00b`])('for the path %s are refused', async (bad) => {
    expect((await send(fixture.port, { method: 'GET', path: bad })).code).toBe('InvalidURI');
  });

  it('for a key too long, too much metadata or a feature we lack are refused', async () => {
    const put = async (path: string, extra: object = {}) =>
      sendRaw(fixture, await fixture.credentials(), { method: 'PUT', path, body: 'x', ...extra });
    expect((await put(`${target}${'x'.repeat(1_024)}`)).code).toBe('KeyTooLongError');
    expect((await put(target, { headers: { 'x-amz-meta-big': 'x'.repeat(3_000) } })).code).toBe(
      'MetadataTooLarge',
    );
    expect((await put(target, { query: { acl: '' } })).code).toBe('NotImplemented');
    expect((await read()).code).toBe('NoSuchKey');
  });
});
