import { AppError } from '../../contract/errors.ts';
import { newKeyPair } from '../agents/ed25519.ts';
import { createHash } from 'node:crypto';
import { didOfKey, digest, newUuid, type Clock, type Random } from '../ids.ts';
import type { Db } from './database.ts';

export interface Account {
  readonly id: string;
  readonly olaresName: string;
  readonly userid: string;
  readonly clusterId: string;
  /** What is included. */
  readonly quotaBytes: number;
  /** What it may store beyond that, at the Space's price; 0: nothing. */
  readonly overageBytes: number;
  readonly planLevel: number;
}

/** Who a token speaks for. */
export interface Identity {
  readonly account: Account;
  /** Absent for a token that was not handed out by pairing. */
  readonly deviceId: string | undefined;
}

export interface Limits {
  readonly quotaBytes?: number;
  readonly overageBytes?: number;
}

export interface AccessToken {
  readonly token: string;
  readonly expiresAt: number;
}

export const TOKEN_LIFE_MS = 30 * 24 * 3_600_000;
/** How long a replaced token still works: the answer with its successor may have been lost on the way. */
const TOKEN_OVERLAP_MS = 10 * 60_000;
const OLARES_NAME = /^[a-z0-9][a-z0-9._-]{0,62}@[a-z0-9][a-z0-9.-]{0,120}$/;
const MAX_PREFIXES = 100;
/** Of one device at a time; the oldest go first. */
const MAX_TOKENS = 16;

const COLUMNS = `id, olares_name AS olaresName, userid, cluster_id AS clusterId, quota_bytes AS quotaBytes,
  overage_bytes AS overageBytes, plan_level AS planLevel`;

/** The part of a storage prefix that stands for one cluster; it never holds a `-`. */
export const clusterSuffix = (clusterId: string): string =>
  createHash('sha256').update(clusterId).digest('hex').slice(0, 12);

export class Accounts {
  readonly #db: Db;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(options: { db: Db; clock: Clock; random: Random }) {
    this.#db = options.db;
    this.#clock = options.clock;
    this.#random = options.random;
  }

  /**
   * The account of this name, made if there is none.
   * @throws AppError `invalid_input` for a text that is no Olares name
   */
  ensure(typedName: string, quotaBytes: number): Account {
    const name = typedName.trim().toLowerCase();
    if (!OLARES_NAME.test(name)) {
      throw new AppError('invalid_input', `"${typedName}" is not an Olares name`, {
        field: 'name',
        hint: 'write it like alice@olares.com',
      });
    }
    const now = this.#clock();
    const account = { id: newUuid(this.#random), userid: newDid(), clusterId: newUuid(this.#random) };
    this.#db
      .prepare(
        `INSERT INTO accounts (id, olares_name, userid, cluster_id, quota_bytes, plan_level, created_at)
         VALUES (?, ?, ?, ?, ?, 1, ?) ON CONFLICT DO NOTHING`,
      )
      .run(account.id, name, account.userid, account.clusterId, quotaBytes, now);
    return this.#find('olares_name', name) as Account;
  }

  /**
   * Changes what an account may store; what is not named stays.
   * @throws AppError `not_found`
   */
  setLimits(typedName: string, { quotaBytes, overageBytes }: Limits): Account {
    const name = typedName.trim().toLowerCase();
    this.#db
      .prepare(
        `UPDATE accounts SET quota_bytes = coalesce(?, quota_bytes), overage_bytes = coalesce(?, overage_bytes)
         WHERE olares_name = ?`,
      )
      .run(quotaBytes ?? null, overageBytes ?? null, name);
    const account = this.#find('olares_name', name);
    if (account) return account;
    throw new AppError('not_found', `there is no account "${typedName}"`, {
      field: 'name',
      hint: 'a pairing code makes one: olares-space pairing-code --name NAME',
    });
  }

  list(): Account[] {
    return this.#db.prepare(`SELECT ${COLUMNS} FROM accounts ORDER BY olares_name`).all() as Account[];
  }

  byId(id: string): Account | undefined {
    return this.#find('id', id);
  }

  byUserid(userid: string): Account | undefined {
    return this.#find('userid', userid);
  }

  issueToken(accountId: string, deviceId: string | undefined): AccessToken {
    const token = this.#random(32).toString('base64url');
    const expiresAt = this.#clock() + TOKEN_LIFE_MS;
    this.#db.prepare('DELETE FROM tokens WHERE expires_at <= ?').run(this.#clock());
    this.#db
      .prepare('INSERT INTO tokens VALUES (?, ?, ?, ?)')
      .run(digest(token), accountId, deviceId ?? null, expiresAt);
    this.#db
      .prepare(
        `DELETE FROM tokens WHERE account_id = ? AND device_id IS ? AND hash NOT IN (SELECT hash FROM tokens
         WHERE account_id = ? AND device_id IS ? ORDER BY expires_at DESC, rowid DESC LIMIT ?)`,
      )
      .run(accountId, deviceId ?? null, accountId, deviceId ?? null, MAX_TOKENS);
    return { token, expiresAt };
  }

  /** Undefined unless the token is known, not expired, and belongs to this user. */
  identify(userid: string, token: string): Identity | undefined {
    const row = this.#db
      .prepare(
        'SELECT account_id AS accountId, device_id AS deviceId FROM tokens WHERE hash = ? AND expires_at > ?',
      )
      .get(digest(token), this.#clock()) as { accountId: string; deviceId: string | null } | undefined;
    const account = row && this.byId(row.accountId);
    if (!account || account.userid !== userid) return undefined;
    return { account, deviceId: row.deviceId ?? undefined };
  }

  /** A new token in place of a valid one, which works for ten more minutes. */
  replaceToken(identity: Identity, token: string): AccessToken {
    return this.#db.transaction(() => {
      const next = this.issueToken(identity.account.id, identity.deviceId);
      this.#db
        .prepare('UPDATE tokens SET expires_at = min(expires_at, ?) WHERE hash = ?')
        .run(this.#clock() + TOKEN_OVERLAP_MS, digest(token));
      return next;
    })();
  }

  /** Storage prefix of a cluster of this account, remembered so that its usage counts. */
  prefixFor(account: Account, clusterId: string): string {
    const suffix = clusterSuffix(clusterId === '' ? account.clusterId : clusterId);
    if (!this.suffixes(account.id).includes(suffix)) {
      if (this.suffixes(account.id).length >= MAX_PREFIXES) {
        throw new AppError('conflict', `the account has data of ${MAX_PREFIXES} clusters already`);
      }
      this.#db
        .prepare('INSERT INTO prefixes VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
        .run(account.id, suffix, this.#clock());
    }
    return `${account.userid}-${suffix}`;
  }

  suffixes(accountId: string): string[] {
    return this.#db
      .prepare('SELECT suffix FROM prefixes WHERE account_id = ? ORDER BY created_at')
      .pluck()
      .all(accountId) as string[];
  }

  /** All storage prefixes of an account. */
  prefixes(accountId: string): string[] {
    const userid = this.byId(accountId)?.userid ?? '';
    return this.suffixes(accountId).map((suffix) => `${userid}-${suffix}`);
  }

  rememberStorageKey(accessKeyId: string, accountId: string, deviceId: string | undefined): void {
    const now = this.#clock();
    this.#db.prepare('DELETE FROM storage_keys WHERE issued_at < ?').run(now - TOKEN_LIFE_MS);
    this.#db
      .prepare('INSERT OR REPLACE INTO storage_keys VALUES (?, ?, ?, ?)')
      .run(accessKeyId, accountId, deviceId ?? null, now);
  }

  /** Who got these storage credentials; undefined when unknown or when the device was revoked since. */
  holderOfStorageKey(accessKeyId: string): { accountId: string; deviceId: string | undefined } | undefined {
    const row = this.#db
      .prepare(
        `SELECT k.account_id AS accountId, k.device_id AS deviceId FROM storage_keys k
         LEFT JOIN devices d ON d.id = k.device_id WHERE k.access_key_id = ? AND d.revoked_at IS NULL`,
      )
      .get(accessKeyId) as { accountId: string; deviceId: string | null } | undefined;
    return row && { accountId: row.accountId, deviceId: row.deviceId ?? undefined };
  }

  #find(column: 'id' | 'olares_name' | 'userid', value: string): Account | undefined {
    return this.#db.prepare(`SELECT ${COLUMNS} FROM accounts WHERE ${column} = ?`).get(value) as
      | Account
      | undefined;
  }
}

/** A name only: nobody keeps its private key, since people sign in here by pairing code. */
const newDid = (): string => didOfKey(Buffer.from(newKeyPair().publicKey, 'base64'));
