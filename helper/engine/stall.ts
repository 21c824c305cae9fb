import { ruleFor } from './failures.ts';

/** Why restic waits, as one of its lines tells. */
export interface StallReason {
  /** For a person; ends with what happens next. */
  readonly words: string;
  /** The storage is full: waiting changes nothing. */
  readonly isQuota: boolean;
}

/** What the network's own faults are called where people look. First match wins. */
const NETWORK_WORDS: readonly (readonly [RegExp, string])[] = [
  [/proxyconnect/i, 'the port of this machine that keeps the limit of speed does not answer'],
  [/not allowed by ruleset/i, 'the storage leads to another host, and the limit of speed to its own alone'],
  [
    /no such host|server misbehaving|lookup .* on /i,
    "the storage's name cannot be found: no DNS, or no network",
  ],
  [/network (?:is )?unreachable|no route to host|host unreachable/i, 'the network is unreachable'],
  [/connection refused/i, 'the storage refuses connections'],
  [/connection reset|broken pipe|EOF$/i, 'the connection to the storage broke'],
  [/x509|certificate|tls:/i, 'the storage shows a certificate that cannot be trusted'],
  [/i\/o timeout|request timeout|deadline exceeded|timed out/i, 'the storage does not answer'],
];

/** minio-go leaves out the status of an S3 answer, so its texts stand for it. */
const SLOW_DOWN = /\((?:429|503)\)|SlowDown|reduce your request rate|Service Unavailable|Too Many Requests/i;
const OWN_FAULT = /\((5\d\d)\)|InternalError|internal (?:server )?error|Bad Gateway|Gateway Time-?out/i;

/** Reads the line restic writes before it tries again; undefined for other lines. */
export function stallReason(line: string): StallReason | undefined {
  const attempt = /returned error, retrying after [^:]*: (.*)$/.exec(line)?.[1];
  if (attempt === undefined) return undefined;
  const rule = ruleFor(attempt);
  if (rule?.code === 'quota_exceeded') return { words: 'the storage is full: quota reached', isQuota: true };
  return {
    words: `${answerWords(attempt) ?? rule?.message ?? unknownWords(attempt)}; trying again`,
    isQuota: false,
  };
}

/** restic says this when a request that had failed went through. */
export const isRecovered = (line: string): boolean => /operation successful after \d+ retries/.test(line);

/** Of an answer that is not S3's, minio-go tells nothing but its text: `client.PutObject: oops`. */
const unknownWords = (attempt: string): string =>
  /^client\.\w+: (?!\w+ ")/.test(attempt)
    ? 'the storage answers with a fault of its own'
    : 'the storage does not answer';

function answerWords(attempt: string): string | undefined {
  const status = /\((\d{3})\)/.exec(attempt)?.[1];
  if (SLOW_DOWN.test(attempt)) return `the storage answers ${status ?? '503'}: it asks us to slow down`;
  const fault = OWN_FAULT.exec(attempt);
  if (fault) return `the storage answers ${fault[1] ?? '500'}: it has a fault of its own`;
  return NETWORK_WORDS.find(([pattern]) => pattern.test(attempt))?.[1];
}

/** Some requests may still fit, or room is made at once; a storage that refuses for longer is full. */
const FULL_AFTER_MS = 5_000;
/** Refusals further apart than this have nothing to do with each other. */
const FORGET_AFTER_MS = 60_000;

export interface QuotaWatch {
  /** Aborted when the storage is full. */
  readonly signal: AbortSignal;
  onText(line: string): void;
}

/**
 * Notices a storage that is full while restic, which knows only `AccessDenied` as final, would go on trying for a
 * quarter of an hour.
 */
export function createQuotaWatch(clock: () => number): QuotaWatch {
  const full = new AbortController();
  let firstAt: number | undefined;
  let lastAt = 0;
  return {
    signal: full.signal,
    onText(line) {
      if (!stallReason(line)?.isQuota) return;
      const now = clock();
      if (firstAt === undefined || now - lastAt > FORGET_AFTER_MS) firstAt = now;
      lastAt = now;
      if (now - firstAt >= FULL_AFTER_MS) full.abort();
    },
  };
}
