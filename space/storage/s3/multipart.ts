import { createHash } from 'node:crypto';
import type { PartRecord, UploadRecord } from '../disk/object-index.ts';
import { keysBelow } from '../disk/key-range.ts';
import { readDocument } from './body.ts';
import type { Call } from './call.ts';
import { S3Error } from './error.ts';
import { keyEncoder } from './listing.ts';
import { objectHeaders } from './object-headers.ts';
import { appendBlob, commit } from './objects.ts';
import { receive, withUnclaimedBlob } from './receive.ts';
import { queryNumber, queryValue } from './request.ts';
import { isoTime, sendEmpty, sendXml } from './respond.ts';
import { denied, requireKey, requireListing } from './rights.ts';
import { childText, parseXml } from './xml.ts';

const MAX_PARTS = 10_000;
const MIN_PART_BYTES = 5 * 1024 ** 2;

export function createUpload(call: Call): void {
  const { request, identity, store, config } = call;
  const { maxUploads = 1_000 } = config;
  requireKey(identity.claims, 'write', request.key);
  const id = config.random(24).toString('base64url');
  const { accountId } = identity.claims;
  if (store.index.uploadCount(accountId) >= maxUploads)
    throw denied(`this account has ${maxUploads} unfinished uploads; abort some, or wait until they expire.`);
  store.index.addUpload({
    id,
    key: request.key,
    accountId,
    createdMs: config.clock(),
    headers: objectHeaders(request),
  });
  sendXml(call.response, 'InitiateMultipartUploadResult', {
    Bucket: config.bucket,
    Key: request.key,
    UploadId: id,
  });
}

export async function uploadPart(call: Call): Promise<void> {
  const { request, store, config } = call;
  requireKey(call.identity.claims, 'write', request.key);
  const upload = findUpload(call);
  const number = queryNumber(request, 'partNumber', { low: 1, high: MAX_PARTS });
  if (number === undefined)
    throw new S3Error('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive');
  const replacedBytes = store.index.part(upload.id, number)?.size ?? 0;
  const { etag, checksum } = await receive(call, replacedBytes, async (writer, received) => {
    const part = { uploadId: upload.id, number, etag: received.etag, modifiedMs: config.clock() };
    if (!(await store.putPart(writer, upload, part))) throw noSuchUpload();
  });
  sendEmpty(call.response, 200, { etag: `"${etag}"`, ...checksum });
}

export async function completeUpload(call: Call): Promise<void> {
  const { request, identity, store, config } = call;
  requireKey(identity.claims, 'write', request.key);
  const wanted = readPartList(await readDocument(request, identity));
  const etag = multipartEtag(wanted.map((part) => part.etag));
  const result = {
    Location: `/${config.bucket}/${request.key}`,
    Bucket: config.bucket,
    Key: request.key,
    ETag: `"${etag}"`,
  };
  const upload = store.index.upload(queryValue(request, 'uploadId') ?? '');
  // Asked again after a lost answer: the upload is gone and the object is there.
  if (upload === undefined && store.index.get(request.key)?.etag === etag) {
    return sendXml(call.response, 'CompleteMultipartUploadResult', result);
  }
  const known = findUpload(call);
  const parts = chooseParts(store.index.parts(known.id), wanted);
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  await withUnclaimedBlob(call, size, async (writer) => {
    for (const part of parts) {
      const handle = await store.blobs.read(part.blob);
      await appendBlob(writer, handle, part.size).finally(() => handle.close());
    }
    const { accountId, headers } = known;
    const record = { key: request.key, etag, modifiedMs: config.clock(), accountId, headers };
    await commit(call, { writer, record, completes: known });
  });
  // Still there if the same object was: its parts are not needed either.
  await store.removeUpload(known);
  sendXml(call.response, 'CompleteMultipartUploadResult', result);
}

/** Not a delete of data: what was never completed was never an object. */
export async function abortUpload(call: Call): Promise<void> {
  requireKey(call.identity.claims, 'write', call.request.key);
  await call.store.removeUpload(findUpload(call));
  sendEmpty(call.response, 204);
}

export function listParts(call: Call): void {
  const { request, store, config } = call;
  requireKey(call.identity.claims, 'read', request.key);
  const upload = findUpload(call);
  const after = queryNumber(request, 'part-number-marker', { low: 0, high: MAX_PARTS }) ?? 0;
  const limit = Math.min(1_000, queryNumber(request, 'max-parts', { low: 1, high: 2 ** 31 - 1 }) ?? 1_000);
  const parts = store.index.parts(upload.id).filter((part) => part.number > after);
  const page = parts.slice(0, limit);
  sendXml(call.response, 'ListPartsResult', {
    Bucket: config.bucket,
    Key: request.key,
    UploadId: upload.id,
    PartNumberMarker: after,
    NextPartNumberMarker: page.at(-1)?.number,
    MaxParts: limit,
    IsTruncated: parts.length > limit,
    Part: page.map((part) => ({
      PartNumber: part.number,
      LastModified: isoTime(part.modifiedMs),
      ETag: `"${part.etag}"`,
      Size: part.size,
    })),
  });
}

export function listUploads(call: Call): void {
  const { request, store, identity, config } = call;
  const prefix = queryValue(request, 'prefix') ?? '';
  const { from, to } = keysBelow(requireListing(identity.claims, prefix));
  const { encode, encodingType } = keyEncoder(call);
  sendXml(call.response, 'ListMultipartUploadsResult', {
    Bucket: config.bucket,
    Prefix: encode(prefix),
    EncodingType: encodingType,
    MaxUploads: 1_000,
    IsTruncated: false,
    Upload: store.index.uploads(from, to).map((upload) => ({
      Key: encode(upload.key),
      UploadId: upload.id,
      StorageClass: 'STANDARD',
      Initiated: isoTime(upload.createdMs),
    })),
  });
}

function findUpload(call: Call): UploadRecord {
  const upload = call.store.index.upload(queryValue(call.request, 'uploadId') ?? '');
  if (upload === undefined || upload.key !== call.request.key) throw noSuchUpload();
  return upload;
}

function readPartList(document: string): { number: number; etag: string }[] {
  const root = parseXml(document);
  const parts = root.children
    .filter((child) => child.name === 'Part')
    .map((part) => ({
      number: Number(childText(part, 'PartNumber')),
      etag: (childText(part, 'ETag') ?? '').trim().replace(/^"|"$/g, ''),
    }));
  const valid = parts.every(
    ({ number, etag }) => Number.isInteger(number) && number > 0 && /^[0-9a-f]{32}$/.test(etag),
  );
  if (root.name !== 'CompleteMultipartUpload' || parts.length === 0 || parts.length > MAX_PARTS || !valid) {
    throw new S3Error('MalformedXML', 'CompleteMultipartUpload must list its parts with number and ETag.');
  }
  return parts;
}

function chooseParts(stored: PartRecord[], wanted: { number: number; etag: string }[]): PartRecord[] {
  const byNumber = new Map(stored.map((part) => [part.number, part]));
  return wanted.map(({ number, etag }, at) => {
    const part = byNumber.get(number);
    if (part === undefined || part.etag !== etag)
      throw new S3Error('InvalidPart', `Part ${number} could not be found, or its ETag does not match.`);
    if (at > 0 && number <= (wanted[at - 1]?.number ?? 0))
      throw new S3Error('InvalidPartOrder', 'The list of parts was not in ascending order.');
    if (at < wanted.length - 1 && part.size < MIN_PART_BYTES) {
      throw new S3Error(
        'EntityTooSmall',
        'Your proposed upload is smaller than the minimum allowed object size.',
      );
    }
    return part;
  });
}

/** AWS's ETag of an assembled object: MD5 of the parts' MD5s, and how many there were. */
function multipartEtag(etags: string[]): string {
  const md5 = createHash('md5').update(Buffer.concat(etags.map((etag) => Buffer.from(etag, 'hex'))));
  return `${md5.digest('hex')}-${etags.length}`;
}

function noSuchUpload(): S3Error {
  return new S3Error(
    'NoSuchUpload',
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
  );
}
