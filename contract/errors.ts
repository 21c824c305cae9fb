/**
 * The closed list of error codes, and one exhaustive table for each edge.
 * Exit codes 3, 10, 11, 12 and 130 are restic's own, so that scripts carry over.
 */
export const ERROR_CODES = [
  'failed',
  'invalid_input',
  'not_found',
  'conflict',
  'partial',
  'repository_missing',
  'repository_locked',
  'wrong_password',
  'quota_exceeded',
  'no_space',
  'not_signed_in',
  'unreachable',
  'refused',
  'daemon_not_running',
  'integrity',
  'engine_missing',
  'try_later',
  'config_invalid',
  'cancelled',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** Process exit code of the CLI (and `error.exitCode` in its JSON) for each error code. */
export const EXIT_CODES = {
  failed: 1,
  invalid_input: 2,
  not_found: 1,
  conflict: 1,
  partial: 3,
  repository_missing: 10,
  repository_locked: 11,
  wrong_password: 12,
  quota_exceeded: 13,
  no_space: 14,
  not_signed_in: 15,
  unreachable: 16,
  refused: 17,
  daemon_not_running: 18,
  integrity: 19,
  engine_missing: 69,
  try_later: 75,
  config_invalid: 78,
  cancelled: 130,
} as const satisfies Record<ErrorCode, number>;

/** HTTP status of the local API for each error code. */
export const HTTP_STATUS = {
  failed: 500,
  invalid_input: 400,
  not_found: 404,
  conflict: 409,
  partial: 500,
  repository_missing: 404,
  repository_locked: 423,
  wrong_password: 403,
  quota_exceeded: 507,
  no_space: 507,
  not_signed_in: 401,
  unreachable: 502,
  refused: 403,
  daemon_not_running: 503,
  integrity: 500,
  engine_missing: 503,
  try_later: 429,
  config_invalid: 500,
  cancelled: 409,
} as const satisfies Record<ErrorCode, number>;

/** What the caller may do about an error without a person: nothing, try again later, or try after something changed. */
export type RetryVerdict = 'never' | 'backoff' | 'after_action';

export interface AppErrorDetails {
  /** The way out, as a sentence or a command to type. */
  readonly hint?: string;
  /** The input field that is wrong, as the person named it. */
  readonly field?: string;
  readonly retry?: RetryVerdict;
  /** Earliest time of the next try, milliseconds from now. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** An error a person may see: `message` and `hint` are written for them and hold no secret. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly field: string | undefined;
  readonly retry: RetryVerdict;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, details: AppErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.field = details.field;
    this.retry = details.retry ?? 'never';
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** The wire form of an error, in API answers, job records, helper messages and CLI JSON. */
export interface ErrorBody {
  code: ErrorCode;
  message: string;
  hint?: string;
  field?: string;
  retry?: RetryVerdict;
  retryAfterMs?: number;
}

/** Anything thrown as a wire error; unknown errors show no detail, their text belongs in the log. */
export function toErrorBody(error: unknown): ErrorBody {
  if (!(error instanceof AppError)) {
    return {
      code: 'failed',
      message: 'something went wrong inside the agent',
      hint: 'see `olares-backup logs`',
    };
  }
  return {
    code: error.code,
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.field === undefined ? {} : { field: error.field }),
    ...(error.retry === 'never' ? {} : { retry: error.retry }),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
  };
}

/** The reverse of {@link toErrorBody}, for the receiving side of a process border. */
export function fromErrorBody(body: ErrorBody): AppError {
  return new AppError(body.code, body.message, body);
}
