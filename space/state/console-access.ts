import { digest, type Clock, type Random } from '../ids.ts';
import type { Db } from './database.ts';

export const LOGIN_CODE_LIFE_MS = 10 * 60_000;
export const SESSION_LIFE_MS = 12 * 3_600_000;
const MAX_SESSIONS = 8;

/** Who may use the console: one-time codes, each exchanged once for a session. */
export class ConsoleAccess {
  readonly #db: Db;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(options: { db: Db; clock: Clock; random: Random }) {
    this.#db = options.db;
    this.#clock = options.clock;
    this.#random = options.random;
  }

  createLoginCode(): string {
    return this.#add('code', LOGIN_CODE_LIFE_MS);
  }

  /** A session secret for a code that was not used before and is not older than 10 minutes. */
  exchange(code: string): string | undefined {
    return this.#db
      .transaction(() => {
        const { changes } = this.#db
          .prepare(`DELETE FROM console_access WHERE hash = ? AND kind = 'code' AND expires_at > ?`)
          .run(digest(code), this.#clock());
        return changes === 0 ? undefined : this.#add('session', SESSION_LIFE_MS);
      })
      .immediate();
  }

  isSession(secret: string): boolean {
    const row = this.#db
      .prepare(`SELECT 1 FROM console_access WHERE hash = ? AND kind = 'session' AND expires_at > ?`)
      .get(digest(secret), this.#clock());
    return row !== undefined;
  }

  end(secret: string): void {
    this.#db.prepare('DELETE FROM console_access WHERE hash = ?').run(digest(secret));
  }

  #add(kind: 'code' | 'session', lifeMs: number): string {
    const secret = this.#random(24).toString('base64url');
    this.#db.prepare('DELETE FROM console_access WHERE expires_at <= ?').run(this.#clock());
    this.#db
      .prepare('INSERT INTO console_access VALUES (?, ?, ?)')
      .run(digest(secret), kind, this.#clock() + lifeMs);
    this.#db
      .prepare(
        `DELETE FROM console_access WHERE kind = ? AND hash NOT IN
         (SELECT hash FROM console_access WHERE kind = ? ORDER BY expires_at DESC, rowid DESC LIMIT ?)`,
      )
      .run(kind, kind, MAX_SESSIONS);
    return secret;
  }
}
