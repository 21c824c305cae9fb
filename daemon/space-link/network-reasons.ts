import type { IncomingHttpHeaders } from 'node:http';
import { cleanText } from '../../contract/index.ts';

/** By Node's error code, or by its message where it has none; the first that fits. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^ECONNREFUSED/, 'nothing listens at its address'],
  [/^(?:ECONNRESET|EPIPE)|socket hang up/, 'the connection was cut'],
  [/^ENOTFOUND/, 'its name is not known to DNS'],
  [/^EAI_AGAIN/, 'DNS did not answer'],
  [/^ENETUNREACH/, 'this machine has no network'],
  [/^EHOSTUNREACH/, 'there is no way to its network'],
  [/^ETIMEDOUT|handshake has timed out/, 'it did not answer in time'],
  [/^HPE_/, 'its answer is not HTTP'],
  [/^CERT_HAS_EXPIRED/, 'its certificate has expired'],
  [/^CERT_NOT_YET_VALID/, 'its certificate is not valid yet; check the clock of this machine'],
  [/^ERR_TLS_CERT_ALTNAME_INVALID/, 'its certificate belongs to another name'],
  [/SELF_SIGNED|^UNABLE_TO_(?:VERIFY|GET)|^CERT_/, 'its certificate is not trusted'],
  [/^(?:ERR_SSL_|EPROTO)/, 'it does not speak TLS as we do'],
];

/** What a failed connection means, for people. */
export function networkReason(error: unknown): string {
  const { code, message = '' } = (error ?? {}) as { code?: string; message?: string };
  const text = code ?? message;
  const known = REASONS.find(([pattern]) => pattern.test(text));
  return known?.[1] ?? (code === undefined ? 'the connection failed' : cleanText(code, 60));
}

const LONGEST_RETRY_AFTER_MS = 60 * 60 * 1000;

/** `Retry-After` in seconds or as a date, at most an hour. */
export function retryAfterOf(headers: IncomingHttpHeaders, now: number): number | undefined {
  const text = headers['retry-after'];
  if (text === undefined) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, LONGEST_RETRY_AFTER_MS) : undefined;
}
