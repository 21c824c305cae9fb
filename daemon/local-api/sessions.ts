import { createHash, timingSafeEqual } from 'node:crypto';
import { AppError } from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Chance } from '../base/ids.ts';

const CODE_LIFE_MS = 60_000;
const SESSION_LIFE_MS = 12 * 60 * 60 * 1000;
const MAX_SESSIONS = 8;
const FREE_TRIES = 5;
const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 15 * 60 * 1000;

export interface Sessions {
  /** A code that opens one session, within a minute. */
  createCode(): { code: string; expiresAt: number };
  /**
   * @returns the token for the cookie
   * @throws AppError `refused` for a wrong or used code, `try_later` after five wrong ones
   */
  open(code: string): string;
  isOpen(token: string | undefined): boolean;
  close(token: string | undefined): void;
}

/** Sessions live in memory only, as hashes: a restart ends them all. */
export function createSessions(options: { clock: Clock; chance: Chance }): Sessions {
  const { clock, chance } = options;
  const codes = new Map<string, number>();
  const sessions = new Map<string, number>();
  let wrong = 0;
  let blockedUntil = 0;

  const secret = () => chance.bytes(32).toString('base64url');
  const forgetOld = (map: Map<string, number>) => {
    for (const [key, expiresAt] of map) if (expiresAt <= clock.now()) map.delete(key);
  };
  const takeCode = (code: string): boolean => {
    forgetOld(codes);
    const wanted = hash(code);
    for (const known of codes.keys()) {
      if (timingSafeEqual(Buffer.from(known), Buffer.from(wanted))) return codes.delete(known);
    }
    return false;
  };
  return {
    createCode() {
      const code = secret();
      const expiresAt = clock.now() + CODE_LIFE_MS;
      codes.set(hash(code), expiresAt);
      return { code, expiresAt };
    },
    open(code) {
      const waitMs = blockedUntil - clock.monotonic();
      if (waitMs > 0)
        throw new AppError('try_later', 'too many wrong codes', {
          retryAfterMs: waitMs,
          hint: 'wait, then `olares-backup open`',
        });
      if (!takeCode(code)) {
        wrong += 1;
        if (wrong >= FREE_TRIES)
          blockedUntil =
            clock.monotonic() + Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (wrong - FREE_TRIES));
        throw new AppError('refused', 'this link was used already or is older than a minute', {
          hint: 'type `olares-backup open` again',
        });
      }
      wrong = 0;
      forgetOld(sessions);
      const oldest = sessions.keys().next();
      if (sessions.size >= MAX_SESSIONS && !oldest.done) sessions.delete(oldest.value);
      const token = secret();
      sessions.set(hash(token), clock.now() + SESSION_LIFE_MS);
      return token;
    },
    isOpen(token) {
      forgetOld(sessions);
      return token !== undefined && sessions.has(hash(token));
    },
    close(token) {
      if (token !== undefined) sessions.delete(hash(token));
    },
  };
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
