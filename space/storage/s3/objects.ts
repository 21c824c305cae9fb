import type { FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Transform } from 'node:stream';
import type { BlobWriter } from '../disk/blob-store.ts';
import type { ObjectRecord } from '../disk/object-index.ts';
import type { Call } from './call.ts';
import { S3Error } from './error.ts';
import { checkPreconditions, objectHeaders, parseRange, responseHeaders } from './object-headers.ts';
import { receive, withBlob } from './receive.ts';
import { checkKey } from './request.ts';
import { isoTime, sendEmpty, sendXml } from './respond.ts';
import { denied, mayReplace, requireKey } from './rights.ts';

export async function getObject(call: Call): Promise<void> {
  const { request, response, store, identity } = call;
  requireKey(identity.claims, 'read', request.key);
  const found = await store.open(request.key);
  if (found === undefined) throw noSuchKey();
  const { record, handle } = found;
  try {
    if (checkPreconditions(record, request) === 'not-modified')
      return sendEmpty(response, 304, { etag: `"${record.etag}"` });
    const range = parseRange(request.headers.get('range'), record.size);
    response.writeHead(range === undefined ? 200 : 206, contentHeaders(record, call, range));
    if (record.size === 0) return void response.end();
    const { start, end } = range ?? { start: 0, end: record.size - 1 };
    const bytes = handle.createReadStream({ start, end, autoClose: false, highWaterMark: 256 * 1024 });
    let left = end - start + 1;
    const meter = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        left -= chunk.length;
        call.onSent(chunk.length);
        done(null, chunk);
      },
      flush(done) {
        // Ending here would leave the client waiting for bytes that a damaged disk no longer has.
        done(left === 0 ? null : new Error(`the blob of ${record.key} is ${left} bytes too short`));
      },
    });
    await pipeline(bytes, meter, response);
  } finally {
    await handle.close();
  }
}

export function headObject(call: Call): void {
  const { request, response, store, identity } = call;
  requireKey(identity.claims, 'read', request.key);
  const record = store.index.get(request.key);
  if (record === undefined) throw noSuchKey();
  if (checkPreconditions(record, request) === 'not-modified')
    return sendEmpty(response, 304, { etag: `"${record.etag}"` });
  const range = parseRange(request.headers.get('range'), record.size);
  sendEmpty(response, range === undefined ? 200 : 206, contentHeaders(record, call, range));
}

export async function putObject(call: Call): Promise<void> {
  const { request, response, store, identity, config } = call;
  const { key } = request;
  requireKey(identity.claims, 'write', key);
  const before = store.index.get(key);
  if (request.headers.has('if-none-match') && before !== undefined) throw exists();
  const kept = objectHeaders(request);
  const { accountId } = identity.claims;
  const { etag, checksum } = await receive(call, before?.size ?? 0, async (writer, received) => {
    const headers = { ...kept, ...received.checksum };
    const record = { key, etag: received.etag, modifiedMs: config.clock(), accountId, headers };
    await commit(call, { writer, record });
  });
  const type = Object.keys(checksum).length > 0 ? { 'x-amz-checksum-type': 'FULL_OBJECT' } : {};
  sendEmpty(response, 200, { etag: `"${etag}"`, ...checksum, ...type });
}

/**
 * Makes the written bytes the object, if the credential may. Writing the same content again is always a success:
 * restic sends a pack once more when the answer to the first time was lost.
 */
export async function commit(
  call: Call,
  options: {
    writer: BlobWriter;
    record: Omit<ObjectRecord, 'blob' | 'size'>;
    completes?: Parameters<Call['store']['put']>[2]['completes'];
  },
): Promise<void> {
  const { writer, record, completes } = options;
  const onlyNew = call.request.headers.get('if-none-match') === '*';
  const { claims } = call.identity;
  const outcome = await call.store.put(writer, record, {
    keep: () => onlyNew || !mayReplace(claims, record.key),
    ...(completes && { completes }),
  });
  if (outcome === 'stored') return;
  if (onlyNew) throw exists();
  const { existing } = outcome;
  if (existing.etag !== record.etag || existing.size !== writer.size) {
    throw denied('this credential cannot replace an existing object.');
  }
}

export async function copyObject(call: Call): Promise<void> {
  const { request, response, store, identity, config } = call;
  const { key } = request;
  const sourceKey = copySource(call);
  requireKey(identity.claims, 'read', sourceKey);
  requireKey(identity.claims, 'write', key);
  const found = await store.open(sourceKey);
  if (found === undefined) throw noSuchKey();
  const { record: source, handle } = found;
  const replaces = request.headers.get('x-amz-metadata-directive')?.toUpperCase() === 'REPLACE';
  const { accountId } = identity.claims;
  const modifiedMs = config.clock();
  try {
    const headers = replaces ? objectHeaders(request) : source.headers;
    const replacedBytes = store.index.get(key)?.size ?? 0;
    await withBlob(call, { size: source.size, replacedBytes }, async (writer) => {
      await appendBlob(writer, handle, source.size);
      await commit(call, { writer, record: { key, etag: source.etag, modifiedMs, accountId, headers } });
    });
  } finally {
    await handle.close();
  }
  sendXml(response, 'CopyObjectResult', { LastModified: isoTime(modifiedMs), ETag: `"${source.etag}"` });
}

/** Copies the content of an open blob (its label left out) behind what is already written. */
export async function appendBlob(writer: BlobWriter, handle: FileHandle, size: number): Promise<void> {
  if (size === 0) return;
  const start = writer.size;
  for await (const piece of handle.createReadStream({
    start: 0,
    end: size - 1,
    autoClose: false,
    highWaterMark: 1024 ** 2,
  })) {
    await writer.write(piece as Buffer);
  }
  if (writer.size - start !== size) throw new Error('a stored blob is shorter than the index says');
}

export async function deleteObject(call: Call): Promise<void> {
  requireKey(call.identity.claims, 'delete', call.request.key);
  await call.store.remove(call.request.key);
  sendEmpty(call.response, 204);
}

export function noSuchKey(): S3Error {
  return new S3Error('NoSuchKey', 'The specified key does not exist.');
}

function contentHeaders(
  record: ObjectRecord,
  call: Call,
  range: { start: number; end: number } | undefined,
): Record<string, string> {
  const headers = responseHeaders(record, call.request);
  if (range === undefined) return { ...headers, 'content-length': String(record.size) };
  const { start, end } = range;
  return {
    ...headers,
    'content-length': String(end - start + 1),
    'content-range': `bytes ${start}-${end}/${record.size}`,
  };
}

function copySource(call: Call): string {
  const text = call.request.headers.get('x-amz-copy-source') ?? '';
  let decoded: string;
  try {
    decoded = decodeURIComponent(text.replace(/^\//, ''));
  } catch (cause) {
    throw new S3Error(
      'InvalidArgument',
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
      { cause },
    );
  }
  const { bucket } = call.config;
  if (!decoded.startsWith(`${bucket}/`)) throw denied('the copy source is in another bucket.');
  const key = decoded.slice(bucket.length + 1);
  checkKey(key);
  return key;
}

function exists(): S3Error {
  return new S3Error('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
}
