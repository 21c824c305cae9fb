/**
 * The S3 error codes this endpoint answers and their HTTP status.
 * Source: "Error responses" of the Amazon S3 API reference (as of 2026-10). Clients decide by the code:
 * minio-go (restic) renews its credentials on `ExpiredToken` and gives up at once on `AccessDenied`.
 */
const STATUS = {
  AccessDenied: 403,
  AuthorizationHeaderMalformed: 400,
  AuthorizationQueryParametersError: 400,
  BadDigest: 400,
  EntityTooLarge: 400,
  EntityTooSmall: 400,
  ExpiredToken: 400,
  IncompleteBody: 400,
  InternalError: 500,
  InvalidAccessKeyId: 403,
  InvalidArgument: 400,
  InvalidDigest: 400,
  InvalidPart: 400,
  InvalidPartOrder: 400,
  InvalidRange: 416,
  InvalidRequest: 400,
  InvalidToken: 400,
  InvalidURI: 400,
  KeyTooLongError: 400,
  MalformedXML: 400,
  MetadataTooLarge: 400,
  MethodNotAllowed: 405,
  MissingContentLength: 411,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchUpload: 404,
  NotImplemented: 501,
  PreconditionFailed: 412,
  RequestTimeout: 400,
  RequestTimeTooSkewed: 403,
  ServiceUnavailable: 503,
  SignatureDoesNotMatch: 403,
  XAmzContentSHA256Mismatch: 400,
} as const;

export type S3ErrorCode = keyof typeof STATUS;

/** A refusal in S3's words. `status` is given only where it differs from the code's own (faults of tests). */
export class S3Error extends Error {
  readonly code: string;
  readonly status: number;

  constructor(
    code: S3ErrorCode | (string & {}),
    message: string,
    options?: { status?: number; cause?: unknown },
  ) {
    super(message, { cause: options?.cause });
    this.code = code;
    this.status = options?.status ?? STATUS[code as S3ErrorCode] ?? 500;
  }
}

/** Turns whatever was thrown into an answer; what is not ours to explain becomes `InternalError` without detail. */
export function toS3Error(error: unknown): S3Error {
  if (error instanceof S3Error) return error;
  const code = (error as { code?: unknown } | null)?.code;
  // AWS has no code for a full disk. 503 makes every client wait and try again, which is right: the
  // operator frees space and the backup goes on. A 403 would end it for a fault that is not the owner's.
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'SQLITE_FULL') {
    return new S3Error('ServiceUnavailable', 'The storage disk of this Space is full.', { cause: error });
  }
  return new S3Error('InternalError', 'We encountered an internal error. Please try again.', {
    cause: error,
  });
}
