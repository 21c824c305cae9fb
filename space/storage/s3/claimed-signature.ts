import { S3Error } from './error.ts';
import { queryValue, type S3Request } from './request.ts';

/** What a request says of its own signature, well formed but not yet believed. */
export interface Claimed {
  accessKeyId: string;
  sessionToken: string | undefined;
  /** As signed, `20260131T235959Z`, and the same as Unix time. */
  longDate: string;
  signedAtMs: number;
  region: string;
  signedHeaders: string[];
  signature: string;
  payload: string;
  /** Only for requests signed in the query: seconds they are good for. */
  expiresSeconds: number | undefined;
}

export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';
const MAX_PRESIGNED_SECONDS = 7 * 24 * 3_600;
const SCOPE = /^([^/,\s]+)\/(\d{8})\/([a-z0-9-]{1,40})\/s3\/aws4_request$/;
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 +Credential=([^,\s]+) *, *SignedHeaders=([^,\s]+) *, *Signature=([^,\s]+)$/;

/** @throws S3Error AccessDenied (none), AuthorizationHeaderMalformed, AuthorizationQueryParametersError, InvalidRequest */
export function claimedSignature(request: S3Request): Claimed {
  return request.query.has('X-Amz-Signature') ? fromQuery(request) : fromHeaders(request);
}

function fromHeaders(request: S3Request): Claimed {
  const authorization = request.headers.get('authorization');
  if (authorization === undefined)
    throw new S3Error('AccessDenied', 'Access Denied: the request is not signed.');
  if (!authorization.startsWith('AWS4-HMAC-SHA256')) {
    throw new S3Error(
      'InvalidRequest',
      'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
    );
  }
  const [, credential = '', signedHeaders = '', signature = ''] = AUTHORIZATION.exec(authorization) ?? [];
  const parts = readParts({
    credential,
    signedHeaders,
    signature,
    longDate: request.headers.get('x-amz-date'),
  });
  if (parts === undefined)
    throw new S3Error('AuthorizationHeaderMalformed', 'The authorization header you provided is invalid.');
  const payload = request.headers.get('x-amz-content-sha256');
  if (payload === undefined)
    throw new S3Error('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
  const sessionToken = request.headers.get('x-amz-security-token');
  return { ...parts, sessionToken, payload, expiresSeconds: undefined };
}

function fromQuery(request: S3Request): Claimed {
  const parts = readParts({
    credential: queryValue(request, 'X-Amz-Credential'),
    signedHeaders: queryValue(request, 'X-Amz-SignedHeaders'),
    signature: queryValue(request, 'X-Amz-Signature'),
    longDate: queryValue(request, 'X-Amz-Date'),
  });
  const expires = queryValue(request, 'X-Amz-Expires') ?? '';
  const expiresSeconds = /^\d{1,6}$/.test(expires) ? Number(expires) : Number.POSITIVE_INFINITY;
  const isKnown = queryValue(request, 'X-Amz-Algorithm') === 'AWS4-HMAC-SHA256';
  if (parts === undefined || !isKnown || expiresSeconds > MAX_PRESIGNED_SECONDS) {
    throw new S3Error(
      'AuthorizationQueryParametersError',
      'The authorization query parameters are missing or invalid.',
    );
  }
  const sessionToken = queryValue(request, 'X-Amz-Security-Token');
  return {
    ...parts,
    sessionToken,
    payload:
      request.headers.get('x-amz-content-sha256') ??
      queryValue(request, 'X-Amz-Content-Sha256') ??
      UNSIGNED_PAYLOAD,
    expiresSeconds,
  };
}

/** The parts that both ways of signing have; undefined unless all are there and well formed. */
function readParts(
  text: Partial<Record<'credential' | 'signedHeaders' | 'signature' | 'longDate', string | undefined>>,
) {
  const { credential = '', signedHeaders = '', signature = '', longDate = '' } = text;
  const scope = SCOPE.exec(credential);
  const signedAtMs = parseDate(longDate);
  if (scope === null || Number.isNaN(signedAtMs) || !/^[0-9a-f]{64}$/.test(signature)) return undefined;
  const [accessKeyId, date, region] = scope.slice(1) as [string, string, string];
  if (date !== longDate.slice(0, 8)) return undefined;
  return { accessKeyId, region, longDate, signedAtMs, signedHeaders: signedHeaders.split(';'), signature };
}

/** Unix ms of `20260131T235959Z`, NaN for anything else. */
function parseDate(longDate: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(longDate);
  if (parts === null) return Number.NaN;
  const [, year, month, day, hour, minute, second] = parts;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
