import { AppError, type ErrorCode, type RetryVerdict } from '../../contract/index.ts';

/** What a backup does by itself about an error, whatever the helper thought of it. */
const VERDICTS: Partial<Record<ErrorCode, RetryVerdict>> = {
  unreachable: 'backoff',
  try_later: 'backoff',
  repository_locked: 'backoff',
  quota_exceeded: 'never',
  wrong_password: 'never',
  integrity: 'never',
  repository_missing: 'never',
  refused: 'never',
};

/** With these restic ended before it wrote anything, so nothing unindexed was left behind. */
const NOTHING_WRITTEN: ReadonlySet<ErrorCode> = new Set([
  'repository_missing',
  'repository_locked',
  'wrong_password',
  'not_found',
  'invalid_input',
  'engine_missing',
]);

export function withVerdict(error: unknown): unknown {
  const verdict = error instanceof AppError ? VERDICTS[error.code] : undefined;
  if (!(error instanceof AppError) || verdict === undefined || verdict === error.retry) return error;
  return new AppError(error.code, error.message, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.field === undefined ? {} : { field: error.field }),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    retry: verdict,
    cause: error,
  });
}

export function hasWrittenNothing(error: unknown): boolean {
  return error instanceof AppError && NOTHING_WRITTEN.has(error.code);
}
