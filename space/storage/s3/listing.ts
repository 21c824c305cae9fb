import type { ObjectStore } from '../disk/object-store.ts';
import type { ObjectRecord } from '../disk/object-index.ts';
import { afterKeysBelow } from '../disk/key-range.ts';
import type { Call } from './call.ts';
import { S3Error } from './error.ts';
import { encodeSegment, queryNumber, queryValue } from './request.ts';
import { isoTime, sendXml, type XmlTree } from './respond.ts';
import { requireListing } from './rights.ts';

const MAX_KEYS = 1_000;

interface Page {
  objects: ObjectRecord[];
  folders: string[];
  /** The last thing listed, from which the next page starts; undefined at the end. */
  next: string | undefined;
}

export function listObjectsV1(call: Call): void {
  const view = openView(call);
  const marker = queryValue(call.request, 'marker') ?? '';
  const page = collect(call.store, { ...view, after: marker });
  sendXml(call.response, 'ListBucketResult', {
    ...view.common,
    Marker: view.encode(marker),
    IsTruncated: page.next !== undefined,
    NextMarker: page.next && view.delimiter !== '' ? view.encode(page.next) : undefined,
    ...render(page, view.encode, true),
  });
}

export function listObjectsV2(call: Call): void {
  const view = openView(call);
  const token = queryValue(call.request, 'continuation-token');
  const startAfter = queryValue(call.request, 'start-after');
  const page = collect(call.store, {
    ...view,
    after: token === undefined ? (startAfter ?? '') : openToken(token),
  });
  sendXml(call.response, 'ListBucketResult', {
    ...view.common,
    StartAfter: startAfter && view.encode(startAfter),
    ContinuationToken: token,
    NextContinuationToken: page.next && Buffer.from(page.next).toString('base64url'),
    KeyCount: page.objects.length + page.folders.length,
    IsTruncated: page.next !== undefined,
    ...render(page, view.encode, queryValue(call.request, 'fetch-owner') === 'true'),
  });
}

/** The text of a key in a listing: percent-encoded on request, since XML cannot hold every character. */
export function keyEncoder(call: Call): {
  encode: (key: string) => string;
  encodingType: string | undefined;
} {
  const encodingType = queryValue(call.request, 'encoding-type');
  if (encodingType === undefined) return { encode: (key) => key, encodingType };
  if (encodingType !== 'url')
    throw new S3Error('InvalidArgument', 'Invalid Encoding Method specified in Request');
  return { encode: (key) => key.split('/').map(encodeSegment).join('/'), encodingType };
}

function openView(call: Call) {
  const { request, identity, config } = call;
  const prefix = queryValue(request, 'prefix') ?? '';
  const delimiter = queryValue(request, 'delimiter') ?? '';
  const scanPrefix = requireListing(identity.claims, prefix);
  const limit = Math.min(
    MAX_KEYS,
    queryNumber(request, 'max-keys', { low: 0, high: 2 ** 31 - 1 }) ?? MAX_KEYS,
  );
  const { encode, encodingType } = keyEncoder(call);
  const common: XmlTree = {
    Name: config.bucket,
    Prefix: encode(prefix),
    Delimiter: delimiter === '' ? undefined : encode(delimiter),
    MaxKeys: limit,
    EncodingType: encodingType,
  };
  return { prefix, scanPrefix, delimiter, limit, encode, common };
}

interface View {
  prefix: string;
  scanPrefix: string;
  delimiter: string;
  limit: number;
  after: string;
}

/** Walks the index in order; a folder (common prefix) is entered once and then jumped over whole. */
function collect(store: ObjectStore, view: View): Page {
  const page: Page = { objects: [], folders: [], next: undefined };
  if (view.limit === 0) return page;
  const to = afterKeysBelow(view.scanPrefix);
  const batchSize = view.delimiter === '' ? view.limit + 1 : BATCH;
  let last: string | undefined;
  for (let start = firstStart(view); ;) {
    const batch = store.index.range({ ...start, to, limit: batchSize });
    if (batch.length === 0) return page;
    for (const record of batch) {
      if (page.objects.length + page.folders.length === view.limit) return { ...page, next: last };
      const folder = folderOf(record.key, view);
      last = folder ?? record.key;
      if (folder === undefined) {
        page.objects.push(record);
        start = { from: record.key, inclusive: false };
      } else {
        page.folders.push(folder);
        start = { from: afterKeysBelow(folder), inclusive: true };
        break;
      }
    }
  }
}

/** Where a listing begins: behind `after` (behind all of it, if it is a folder), but not before the prefix. */
function firstStart(view: View): { from: string; inclusive: boolean } {
  const { prefix, scanPrefix, delimiter, after } = view;
  const isFolder = delimiter !== '' && after.endsWith(delimiter) && after.startsWith(prefix);
  const start = { from: isFolder ? afterKeysBelow(after) : after, inclusive: isFolder };
  return isBefore(start.from, scanPrefix) ? { from: scanPrefix, inclusive: true } : start;
}

/** The common prefix under which a key is listed, if its rest holds the delimiter. */
function folderOf(key: string, view: View): string | undefined {
  if (view.delimiter === '') return undefined;
  const cut = key.indexOf(view.delimiter, view.prefix.length);
  return cut < 0 ? undefined : key.slice(0, cut + view.delimiter.length);
}

/** Small, because a folder throws the rest of its batch away. */
const BATCH = 64;

function render(page: Page, encode: (key: string) => string, withOwner: boolean): XmlTree {
  return {
    Contents: page.objects.map((record) => ({
      Key: encode(record.key),
      LastModified: isoTime(record.modifiedMs),
      ETag: `"${record.etag}"`,
      Size: record.size,
      Owner: withOwner ? { ID: record.accountId, DisplayName: record.accountId } : undefined,
      StorageClass: 'STANDARD',
    })),
    CommonPrefixes: page.folders.map((folder) => ({ Prefix: encode(folder) })),
  };
}

function openToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  if (text === '' || Buffer.from(text).toString('base64url') !== token) {
    throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect');
  }
  return text;
}

/** Whether `a` sorts before `b` as S3 and the index sort: by bytes, not by JavaScript's UTF-16 units. */
function isBefore(a: string, b: string): boolean {
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
}
