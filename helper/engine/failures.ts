import type { ErrorCode, RetryVerdict } from '../../contract/errors.ts';

export interface FailureRule {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly retry: RetryVerdict;
}

/** The one failure we find out before restic does. */
export const STORAGE_FULL: FailureRule = {
  pattern: /quota|507 Insufficient Storage|EntityTooLarge|XMinioStorageFull|minimum free drive threshold/i,
  code: 'quota_exceeded',
  message: 'the storage is full: the quota does not allow more data',
  hint: 'delete old snapshots or get more space; snapshots made so far are safe',
  retry: 'after_action',
};

const DAMAGED = {
  code: 'integrity',
  message: 'the repository is damaged',
  hint: 'run `olares-backup check` to see how far, and keep the other copies of your data',
  retry: 'after_action',
} as const;
/** A pack that is gone or too short. */
const LOST_PACK =
  /^(?=[^]*<data\/[0-9a-f]+>)(?=[^]*(?:no such file|key does not exist|404 Not Found|unexpected EOF|is too short))/i;

/**
 * What restic 0.18.1 to 0.19.1 says only in words, because it has no exit code of its own (all end with 1). First match
 * wins: a quota is also "access denied", an expired token also "403".
 */
export const FAILURE_RULES: readonly FailureRule[] = [
  STORAGE_FULL,
  {
    pattern: /no space left on device|disk quota exceeded/i,
    code: 'no_space',
    message: 'a disk of this machine is full',
    hint: 'free some space where the repository, the cache or the target is',
    retry: 'after_action',
  },
  {
    pattern: /ExpiredToken|token (?:has|is) expired|RequestTimeTooSkewed|TokenRefreshRequired/i,
    code: 'not_signed_in',
    message: 'the temporary access to the storage has run out',
    hint: 'it is renewed by itself; if this stays, sign in again with `olares-backup login`, and check the clock',
    retry: 'backoff',
  },
  {
    pattern: /\b401\b|Unauthorized|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken/i,
    code: 'not_signed_in',
    message: 'the storage does not accept our credentials',
    hint: 'sign in again with `olares-backup login`, or correct the credentials of the location',
    retry: 'after_action',
  },
  {
    pattern: /\b403\b|Forbidden|Access ?Denied/i,
    code: 'refused',
    message: 'the storage denies access',
    hint: 'check the rights of the credentials for this location',
    retry: 'after_action',
  },
  {
    pattern: /permission denied|operation not permitted/i,
    code: 'refused',
    message: 'this machine denies the agent access to a file it needs',
    hint: 'see `olares-backup logs` for the file, and give the agent the right to use it',
    retry: 'after_action',
  },
  {
    pattern: /read-only file system/i,
    code: 'refused',
    message: 'a file system the agent must write to is read only',
    hint: 'see `olares-backup logs` for the path',
    retry: 'after_action',
  },
  {
    pattern: /config file already exists|repository.*already (?:exists|initialized)/i,
    code: 'conflict',
    message: 'the location holds a repository already',
    hint: 'adopt it, or choose an empty location',
    retry: 'never',
  },
  {
    pattern:
      /no matching ID found|snapshot .*not found|path .*: not found|failed to load snapshot .*(?:no such file|does not exist|\b404\b)/i,
    code: 'not_found',
    message: 'the repository has no such snapshot or path',
    hint: 'look at `olares-backup snapshot list`',
    retry: 'never',
  },
  {
    pattern: /all source directories\/files do not exist/i,
    code: 'not_found',
    message: 'none of the paths of this plan exists',
    hint: 'check that the disk is mounted, or change the paths of the plan',
    retry: 'after_action',
  },
  {
    pattern:
      /ciphertext verification failed|invalid data returned|repository contains errors|hash mismatch|damaged/i,
    ...DAMAGED,
  },
  { pattern: LOST_PACK, ...DAMAGED },
  {
    pattern:
      /connection refused|no such host|network is unreachable|i\/o timeout|request timeout|no route to host|connection reset|EOF$|\b5\d\d\b/i,
    code: 'unreachable',
    message: 'the storage cannot be reached',
    hint: 'check the network and the address of the location',
    retry: 'backoff',
  },
  {
    pattern: /x509|certificate|tls:/i,
    code: 'unreachable',
    message: 'the storage shows a certificate that cannot be trusted',
    hint: 'check the address and the clock of this machine',
    retry: 'after_action',
  },
];

export function ruleFor(text: string): FailureRule | undefined {
  // The stacks that restic adds have line numbers, which look like codes of HTTP.
  const said = text.replace(/^\t.*:\d+$/gm, '');
  return FAILURE_RULES.find(({ pattern }) => pattern.test(said));
}
