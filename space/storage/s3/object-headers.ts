import type { ObjectRecord } from '../disk/object-index.ts';
import { S3Error } from './error.ts';
import { queryValue, type S3Request } from './request.ts';

const MAX_METADATA_BYTES = 2_048;
const KEPT = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
]);
const DEFAULT_TYPE = 'binary/octet-stream';

/** The headers of an upload that belong to the object and come back with it. @throws S3Error MetadataTooLarge */
export function objectHeaders(request: S3Request): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': DEFAULT_TYPE };
  let metadataBytes = 0;
  for (const [name, value] of request.headers) {
    const isMetadata = name.startsWith('x-amz-meta-');
    if (!isMetadata && !KEPT.has(name)) continue;
    metadataBytes += name.length + Buffer.byteLength(value);
    headers[name] = value;
  }
  if (metadataBytes > MAX_METADATA_BYTES) {
    throw new S3Error('MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size');
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined) {
    // aws-chunked is the framing of the upload, not a property of the object.
    const real = encoding
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== 'aws-chunked' && word !== '');
    if (real.length > 0) headers['content-encoding'] = real.join(',');
    else delete headers['content-encoding'];
  }
  return headers;
}

/** The headers with which an object is answered, its length left out. */
export function responseHeaders(record: ObjectRecord, request: S3Request): Record<string, string> {
  const headers: Record<string, string> = {};
  const withChecksum =
    request.headers.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED' && !request.headers.has('range');
  for (const [name, value] of Object.entries(record.headers)) {
    if (name.startsWith('x-amz-checksum-') && !withChecksum) continue;
    headers[name] = Buffer.from(value).toString('latin1');
  }
  if (withChecksum) headers['x-amz-checksum-type'] = 'FULL_OBJECT';
  for (const name of KEPT) {
    const override = queryValue(request, `response-${name}`);
    if (override !== undefined && /^[\x20-\x7e]*$/.test(override)) headers[name] = override;
  }
  return {
    ...headers,
    etag: `"${record.etag}"`,
    'last-modified': new Date(record.modifiedMs).toUTCString(),
    'accept-ranges': 'bytes',
    // The console of this Space lives on the same origin: an uploaded page must not run beside it.
    'content-security-policy': "sandbox; default-src 'none'",
    'x-content-type-options': 'nosniff',
  };
}

export type Precondition = 'go-on' | 'not-modified';

/** If-Match and its relatives, in the order of RFC 9110 section 13.2.2. @throws S3Error PreconditionFailed */
export function checkPreconditions(record: ObjectRecord, request: S3Request): Precondition {
  const modified = Math.floor(record.modifiedMs / 1000) * 1000;
  const ifMatch = request.headers.get('if-match');
  const unmodifiedSince = Date.parse(request.headers.get('if-unmodified-since') ?? '');
  if (ifMatch === undefined ? modified > unmodifiedSince : !matches(ifMatch, record.etag)) throw failed();
  const ifNoneMatch = request.headers.get('if-none-match');
  const modifiedSince = Date.parse(request.headers.get('if-modified-since') ?? '');
  const unchanged = ifNoneMatch === undefined ? modified <= modifiedSince : matches(ifNoneMatch, record.etag);
  return unchanged ? 'not-modified' : 'go-on';
}

/**
 * The bytes of a single range; undefined for the whole object, as for any range S3 does not serve.
 * @throws S3Error InvalidRange
 */
export function parseRange(
  text: string | undefined,
  size: number,
): { start: number; end: number } | undefined {
  const range = /^bytes=(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))$/.exec(text?.trim() ?? '');
  if (range === null) return undefined;
  const [, first, last, suffix] = range;
  if (first === undefined) return suffixRange(Number(suffix), size);
  const start = Number(first);
  const end = last ? Number(last) : size - 1;
  if (last && end < start) return undefined;
  if (start >= size) throw unsatisfiable();
  return { start, end: Math.min(end, size - 1) };
}

function suffixRange(length: number, size: number): { start: number; end: number } {
  if (length === 0 || size === 0) throw unsatisfiable();
  return { start: Math.max(0, size - length), end: size - 1 };
}

function unsatisfiable(): S3Error {
  return new S3Error('InvalidRange', 'The requested range is not satisfiable');
}

function matches(list: string, etag: string): boolean {
  return list.split(',').some((word) => word.trim() === '*' || word.trim().replace(/^W\/|"/g, '') === etag);
}

function failed(): S3Error {
  return new S3Error('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
}
