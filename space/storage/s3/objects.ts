import type { FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Transform } from 'node:stream';
import type { BlobWriter } from '../disk/blob-store.ts';
import type { ObjectRecord } from '../disk/object-index.ts';
import type { Call } from './call.ts';
import { S3Error } from './error.ts';
import { checkPreconditions, objectHeaders, parseRange, responseHeaders } from './object-headers.ts';
import { claimRoom } from './quota.ts';
import { checkKey } from './request.ts';
import { isoTime, sendEmpty, sendXml } from './respond.ts';
import { denied, isBookkeeping, mayReplace, requireKey } from './rights.ts';

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
    const meter = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        call.onSent(chunk.length);
        done(null, chunk);
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
  const headers = objectHeaders(request);
  const body = call.openBody();
  const release = claimRoom(call, { key, size: body.size, replacedBytes: before?.size ?? 0 });
  const writer = await createBlob(call, body.size);
  try {
    const { md5, checksum } = await body.read((piece) => writer.write(piece));
    const etag = md5.toString('hex');
    const all = checksum === undefined ? headers : { ...headers, [checksum.name]: checksum.value };
    const record = {
      key,
      etag,
      modifiedMs: config.clock(),
      accountId: identity.claims.accountId,
      headers: all,
    };
    await commit(call, { writer, record });
    sendEmpty(response, 200, {
      etag: `"${etag}"`,
      ...(checksum && { [checksum.name]: checksum.value, 'x-amz-checksum-type': 'FULL_OBJECT' }),
    });
  } catch (error) {
    await writer.discard();
    throw error;
  } finally {
    release();
  }
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
  const sourceKey = copySource(call);
  requireKey(identity.claims, 'read', sourceKey);
  requireKey(identity.claims, 'write', request.key);
  const found = await store.open(sourceKey);
  if (found === undefined) throw noSuchKey();
  const { record: source, handle } = found;
  let release: (() => void) | undefined;
  let writer: BlobWriter | undefined;
  try {
    const replacedBytes = store.index.get(request.key)?.size ?? 0;
    release = claimRoom(call, { key: request.key, size: source.size, replacedBytes });
    writer = await createBlob(call, source.size);
    await appendBlob(writer, handle, source.size);
    const replaces = request.headers.get('x-amz-metadata-directive')?.toUpperCase() === 'REPLACE';
    const headers = replaces ? objectHeaders(request) : source.headers;
    const record = {
      key: request.key,
      etag: source.etag,
      modifiedMs: config.clock(),
      accountId: identity.claims.accountId,
      headers,
    };
    await commit(call, { writer, record });
    sendXml(response, 'CopyObjectResult', {
      LastModified: isoTime(record.modifiedMs),
      ETag: `"${record.etag}"`,
    });
  } catch (error) {
    await writer?.discard();
    throw error;
  } finally {
    release?.();
    await handle.close();
  }
}

/** Starts a blob for the object of the request. */
export function createBlob(call: Call, size: number): Promise<BlobWriter> {
  return call.store.blobs.create({ size, essential: isBookkeeping(call.identity.claims, call.request.key) });
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
