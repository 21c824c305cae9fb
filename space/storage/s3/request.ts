import type { IncomingMessage } from 'node:http';
import { S3Error } from './error.ts';

/** A request of S3's path style, taken apart. Header names are in lower case, repeated ones joined by commas. */
export interface S3Request {
  message: IncomingMessage;
  method: string;
  /** The path as signed: each segment decoded and encoded again the one way S3 does. */
  canonicalPath: string;
  bucket: string;
  key: string;
  query: Map<string, string[]>;
  headers: Map<string, string>;
}

const MAX_KEY_BYTES = 1_024;

/** @throws S3Error InvalidURI, KeyTooLongError, InvalidRequest */
export function parseRequest(message: IncomingMessage): S3Request {
  const target = message.url ?? '/';
  const questionMark = target.indexOf('?');
  const rawPath = questionMark < 0 ? target : target.slice(0, questionMark);
  if (!rawPath.startsWith('/')) throw new S3Error('InvalidURI', "Couldn't parse the specified URI.");
  const path = rawPath.slice(1).split('/').map(decode);
  const [bucket = '', ...rest] = path;
  // A key is the text after the bucket, whatever slashes or dots it has: it never becomes a file name.
  const key = rest.join('/');
  checkKey(key);
  return {
    message,
    method: message.method ?? 'GET',
    canonicalPath: `/${path.map((segment) => encodeSegment(segment)).join('/')}`,
    bucket,
    key,
    query: parseQuery(questionMark < 0 ? '' : target.slice(questionMark + 1)),
    headers: joinHeaders(message.rawHeaders),
  };
}

/** The first value of a query parameter. */
export function queryValue(request: S3Request, name: string): string | undefined {
  return request.query.get(name)?.[0];
}

/** A query parameter that has to be a whole number from `low` to `high`. */
export function queryNumber(
  request: S3Request,
  name: string,
  range: { low: number; high: number },
): number | undefined {
  const text = queryValue(request, name);
  if (text === undefined || text === '') return undefined;
  const number = Number(text);
  if (!/^\d{1,9}$/.test(text) || number < range.low || number > range.high) {
    throw new S3Error(
      'InvalidArgument',
      `Argument ${name} must be an integer between ${range.low} and ${range.high}`,
    );
  }
  return number;
}

/** @throws S3Error KeyTooLongError, InvalidURI */
export function checkKey(key: string): void {
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw new S3Error('KeyTooLongError', 'Your key is too long');
  // No client of ours uses it, and too many programs end a text there.
  if (key.includes('\0')) throw new S3Error('InvalidURI', "Couldn't parse the specified URI.");
}

/** Percent-encodes all but what RFC 3986 calls unreserved, as S3 signs and lists it. */
export function encodeSegment(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new S3Error('InvalidURI', "Couldn't parse the specified URI.", { cause });
  }
}

function parseQuery(text: string): Map<string, string[]> {
  const query = new Map<string, string[]>();
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const [name, value] = (equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]).map(
      (part) => decode(part.replaceAll('+', ' ')),
    ) as [string, string];
    query.set(name, [...(query.get(name) ?? []), value]);
  }
  return query;
}

function joinHeaders(raw: string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase();
    // Node gives header bytes as Latin-1; S3 clients send UTF-8.
    const value = Buffer.from(raw[at + 1] as string, 'latin1').toString('utf8');
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  return headers;
}
