import { AppError } from '../../contract/errors.ts';
import type { Envelope } from '../../contract/space/wire.ts';
import { WIRE_CODES } from '../../contract/space/wire.ts';

/** Codes of our own for calls that cannot be understood or done; the real Space's list is not public. */
export const OWN_CODES = { badRequest: 400, refused: 403, tooMany: 429, failed: 500 } as const;

export const ok = (data?: unknown): Envelope => ({ code: WIRE_CODES.ok, message: 'ok', data: data ?? null });
export const existsAlready = (): Envelope => ({
  code: WIRE_CODES.exists,
  message: 'exists already',
  data: null,
});
export const signInAgain = (): Envelope => ({
  code: WIRE_CODES.signInAgain,
  message: 'the token is not valid or has expired: sign in again',
  data: null,
});
export const refusal = (code: number, message: string): Envelope => ({ code, message, data: null });

/** What a call that threw is answered with: our own errors in words, all others without any detail. */
export function envelopeOf(error: unknown): Envelope {
  if (!(error instanceof AppError)) return refusal(OWN_CODES.failed, 'something went wrong inside the Space');
  if (error.code === 'unreachable') return refusal(OWN_CODES.failed, error.message);
  return refusal(error.code === 'invalid_input' ? OWN_CODES.badRequest : OWN_CODES.refused, error.message);
}
