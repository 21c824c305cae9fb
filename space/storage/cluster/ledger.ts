import { createHash, timingSafeEqual } from 'node:crypto';
import { chmodSync, closeSync, openSync } from 'node:fs';
import Database from 'better-sqlite3';
import { AppError } from '../../../contract/errors.ts';
import type { CredentialClaims, CredentialKeys, TemporaryCredentials } from '../credentials.ts';

export interface Measured {
  readonly bytes: number;
  readonly objects: number;
  /** Unix time in ms. */
  readonly measuredAtMs: number;
}

const VERSION = 1;
const TABLES = `
  CREATE TABLE IF NOT EXISTS issued (
    access_key_id TEXT PRIMARY KEY, proof BLOB NOT NULL, account_id TEXT NOT NULL, prefix TEXT NOT NULL,
    purpose TEXT NOT NULL, first_issued_at INTEGER NOT NULL, expires_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS measured (
    prefix TEXT PRIMARY KEY, bytes INTEGER NOT NULL, objects INTEGER NOT NULL, measured_at INTEGER NOT NULL
  ) STRICT;`;
const DAY_MS = 24 * 3_600_000;
/** Longer than any chain of renewals. */
const KEPT_MS = 31 * DAY_MS;

/**
 * What has to be remembered of keys that another server made, since they cannot say whose they are: no key in it can
 * be used, of the secret parts it holds a hash. And what listings have counted.
 */
export class ClusterLedger {
  readonly #db: Database.Database;

  /** @throws AppError `config_invalid` for a file that is none of ours */
  constructor(file: string) {
    // Made by us, so that it is never readable by others, not even for a moment.
    closeSync(openSync(file, 'a', 0o600));
    chmodSync(file, 0o600);
    this.#db = new Database(file, { timeout: 5_000 });
    try {
      const version = Number(this.#db.pragma('user_version', { simple: true }));
      if (version > VERSION) throw new Error('it was written by a newer olares-space');
      this.#db.pragma('journal_mode = WAL');
      this.#db.exec(TABLES);
      this.#db.pragma(`user_version = ${VERSION}`);
    } catch (cause) {
      this.#db.close();
      throw new AppError('config_invalid', `${file} cannot be used: ${(cause as Error).message}`, {
        hint: 'move it away: usage is then counted anew, and machines sign in for keys again',
        field: 'data',
        cause,
      });
    }
  }

  remember(credentials: TemporaryCredentials, firstIssuedAtMs: number): void {
    const { accessKeyId, accountId, prefix, purpose, expiresAtMs } = credentials;
    this.#db.prepare('DELETE FROM issued WHERE expires_at < ?').run(expiresAtMs - KEPT_MS);
    this.#db
      .prepare('INSERT OR REPLACE INTO issued VALUES (?, ?, ?, ?, ?, ?, ?)')
      .run(accessKeyId, proofOf(credentials), accountId, prefix, purpose, firstIssuedAtMs, expiresAtMs);
  }

  /** Undefined unless all three parts are known and belong together. */
  identify(keys: CredentialKeys): CredentialClaims | undefined {
    const row = this.#db
      .prepare(
        `SELECT access_key_id AS accessKeyId, proof, account_id AS accountId, prefix, purpose,
         first_issued_at AS issuedAtMs, expires_at AS expiresAtMs FROM issued WHERE access_key_id = ?`,
      )
      .get(keys.accessKeyId) as (CredentialClaims & { proof: Buffer }) | undefined;
    if (row === undefined || !timingSafeEqual(row.proof, proofOf(keys))) return undefined;
    const { proof: _, ...claims } = row;
    return claims;
  }

  setMeasured(prefix: string, { bytes, objects, measuredAtMs }: Measured): void {
    this.#db
      .prepare('INSERT OR REPLACE INTO measured VALUES (?, ?, ?, ?)')
      .run(prefix, bytes, objects, measuredAtMs);
  }

  measured(prefix: string): Measured | undefined {
    return this.#db
      .prepare('SELECT bytes, objects, measured_at AS measuredAtMs FROM measured WHERE prefix = ?')
      .get(prefix) as Measured | undefined;
  }

  close(): void {
    this.#db.close();
  }
}

const proofOf = ({ secretAccessKey, sessionToken }: CredentialKeys): Buffer =>
  createHash('sha256').update(`${secretAccessKey}\n${sessionToken}`).digest();
