import { digest, newCode, normalizeCode, sameBytes, type Clock, type Random } from '../ids.ts';
import type { Db } from './database.ts';

export const PAIRING_CODE_LIFE_MS = 15 * 60_000;
const MAX_WRONG_TRIES = 5;
/** The first group finds the code, so that a wrong guess counts against it; the other two are the secret (40 bits). */
const GROUPS = 3;
const SELECTOR_LENGTH = 4;

export interface PairingCode {
  readonly code: string;
  readonly expiresAt: number;
}

interface CodeRow {
  readonly hash: Buffer;
  readonly accountId: string;
  readonly wrongTries: number;
  readonly expiresAt: number;
  readonly usedAt: number | null;
}

export type RedeemOutcome =
  | { readonly accountId: string }
  | { readonly refused: 'unknown' | 'used' | 'expired' | 'locked' };

export class PairingCodes {
  readonly #db: Db;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(options: { db: Db; clock: Clock; random: Random }) {
    this.#db = options.db;
    this.#clock = options.clock;
    this.#random = options.random;
  }

  /** A code that pairs one machine with this account within 15 minutes. */
  create(accountId: string): PairingCode {
    const expiresAt = this.#clock() + PAIRING_CODE_LIFE_MS;
    this.#db
      .prepare('DELETE FROM pairing_codes WHERE expires_at < ?')
      .run(this.#clock() - PAIRING_CODE_LIFE_MS);
    for (;;) {
      const code = newCode(this.#random, GROUPS);
      const { changes } = this.#db
        .prepare(
          `INSERT INTO pairing_codes (selector, hash, account_id, expires_at) VALUES (?, ?, ?, ?)
           ON CONFLICT DO NOTHING`,
        )
        .run(code.slice(0, SELECTOR_LENGTH), digest(normalizeCode(code)), accountId, expiresAt);
      if (changes === 1) return { code, expiresAt };
    }
  }

  /** Uses the code up. Call inside the transaction that adds the device: both happen or neither. */
  redeem(typed: string): RedeemOutcome {
    const code = normalizeCode(typed);
    const selector = code.slice(0, SELECTOR_LENGTH);
    const row = this.#db
      .prepare(
        `SELECT hash, account_id AS accountId, wrong_tries AS wrongTries, expires_at AS expiresAt, used_at AS usedAt
         FROM pairing_codes WHERE selector = ?`,
      )
      .get(selector) as CodeRow | undefined;
    if (!row) return { refused: 'unknown' };
    if (row.wrongTries >= MAX_WRONG_TRIES) return { refused: 'locked' };
    if (!sameBytes(row.hash, digest(code))) {
      this.#db
        .prepare('UPDATE pairing_codes SET wrong_tries = wrong_tries + 1 WHERE selector = ?')
        .run(selector);
      return { refused: 'unknown' };
    }
    if (row.usedAt !== null) return { refused: 'used' };
    if (row.expiresAt <= this.#clock()) return { refused: 'expired' };
    this.#db.prepare('UPDATE pairing_codes SET used_at = ? WHERE selector = ?').run(this.#clock(), selector);
    return { accountId: row.accountId };
  }
}
