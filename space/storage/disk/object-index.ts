import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import Database from 'better-sqlite3';

/** What is known of one stored object. `headers` are those an answer repeats: content type, user metadata, checksum. */
export interface ObjectRecord {
  key: string;
  blob: string;
  size: number;
  etag: string;
  modifiedMs: number;
  accountId: string;
  headers: Record<string, string>;
}

export interface UploadRecord {
  id: string;
  key: string;
  accountId: string;
  createdMs: number;
  headers: Record<string, string>;
}

export interface PartRecord {
  uploadId: string;
  number: number;
  blob: string;
  size: number;
  etag: string;
  modifiedMs: number;
}

type Row<T> = Omit<T, 'headers'> & { headers: string };

/** A restart may overlap with the end of the process before it. */
const LOCK_WAIT_MS = 2_000;
const APPLICATION_ID = 0x4f4c5331;
const SCHEMA = `
  CREATE TABLE objects (key TEXT PRIMARY KEY, blob TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
    modifiedMs INTEGER NOT NULL, accountId TEXT NOT NULL, headers TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE uploads (id TEXT PRIMARY KEY, key TEXT NOT NULL, accountId TEXT NOT NULL,
    createdMs INTEGER NOT NULL, headers TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX uploads_by_key ON uploads (key, id);
  CREATE TABLE parts (uploadId TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE, number INTEGER NOT NULL,
    blob TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL, modifiedMs INTEGER NOT NULL,
    PRIMARY KEY (uploadId, number)) STRICT, WITHOUT ROWID;
  PRAGMA user_version = 1;`;

/** The index opened from `file`, and whether it had to be started anew and must be filled from the blobs. */
export async function openObjectIndex(
  file: string,
  nowMs: number,
): Promise<{ index: ObjectIndex; fresh: boolean }> {
  if (existsSync(file)) {
    const known = tryOpen(file);
    if (known !== undefined) return { index: new ObjectIndex(known), fresh: false };
    await rename(file, `${file}.damaged-${nowMs}`);
    for (const suffix of ['-wal', '-shm']) await rm(file + suffix, { force: true });
  }
  const database = configure(new Database(file, { timeout: LOCK_WAIT_MS }));
  database.pragma(`application_id = ${APPLICATION_ID}`);
  database.transaction(() => database.exec(SCHEMA))();
  return { index: new ObjectIndex(database), fresh: true };
}

/** Undefined for a damaged index. @throws Error for one that is in use, of another version or not readable */
function tryOpen(file: string): Database.Database | undefined {
  const database = new Database(file, { timeout: LOCK_WAIT_MS });
  try {
    if (isSound(configure(database), file)) return database;
  } catch (error) {
    const code = (error as { code?: string }).code ?? '';
    // Only damage is a reason to start anew; a lock, a missing right or a newer schema is not.
    if (!code.startsWith('SQLITE_CORRUPT') && code !== 'SQLITE_NOTADB') {
      database.close();
      throw code.startsWith('SQLITE_BUSY') ? inUse(file, error) : error;
    }
  }
  database.close();
  return undefined;
}

function isSound(database: Database.Database, file: string): boolean {
  if (database.pragma('application_id', { simple: true }) !== APPLICATION_ID) return false;
  const version = database.pragma('user_version', { simple: true });
  if (version !== 1) {
    throw new Error(`${file} was written by another version of Space (schema ${String(version)})`);
  }
  return database.pragma('quick_check(1)', { simple: true }) === 'ok';
}

function inUse(file: string, cause: unknown): Error {
  return new Error(`${file} is in use by another process: only one Space may run on a directory`, { cause });
}

function configure(database: Database.Database): Database.Database {
  // Two Spaces on one directory would take each other's uploads in work for left-overs and remove them.
  database.pragma('locking_mode = EXCLUSIVE');
  database.pragma('journal_mode = WAL');
  // FULL: an answered PUT must survive a power cut, and the row is what makes an object exist.
  database.pragma('synchronous = FULL');
  database.pragma('foreign_keys = ON');
  return database;
}

/** Names, sizes and owners of all objects and parts. A commit here is the moment at which an object changes. */
export class ObjectIndex {
  readonly #db: Database.Database;

  constructor(database: Database.Database) {
    this.#db = database;
  }

  transaction<T>(work: () => T): T {
    return this.#db.transaction(work).immediate();
  }

  get(key: string): ObjectRecord | undefined {
    return withHeaders(
      this.#prepare('SELECT * FROM objects WHERE key = ?').get(key) as Row<ObjectRecord> | undefined,
    );
  }

  put(record: ObjectRecord): void {
    this.#prepare(
      `INSERT OR REPLACE INTO objects (key, blob, size, etag, modifiedMs, accountId, headers)
       VALUES (@key, @blob, @size, @etag, @modifiedMs, @accountId, @headers)`,
    ).run({ ...record, headers: JSON.stringify(record.headers) });
  }

  delete(key: string): void {
    this.#prepare('DELETE FROM objects WHERE key = ?').run(key);
  }

  /** Up to `limit` objects from `from` (itself included or not) up to, not including, `to`, in the order of S3. */
  range(options: {
    from: string;
    inclusive: boolean;
    to: string | undefined;
    limit: number;
  }): ObjectRecord[] {
    const { from, inclusive, to, limit } = options;
    const bound = to === undefined ? '' : 'AND key < @to';
    const sql = `SELECT * FROM objects WHERE key ${inclusive ? '>=' : '>'} @from ${bound} ORDER BY key LIMIT @limit`;
    const rows = this.#prepare(sql).all({
      from,
      limit,
      ...(to === undefined ? {} : { to }),
    }) as Row<ObjectRecord>[];
    return rows.map((row) => ({ ...row, headers: JSON.parse(row.headers) as Record<string, string> }));
  }

  sum(from: string, to: string): { bytes: number; objects: number } {
    return this.#prepare(
      'SELECT coalesce(sum(size), 0) AS bytes, count(*) AS objects FROM objects WHERE key >= ? AND key < ?',
    ).get(from, to) as { bytes: number; objects: number };
  }

  /** Everything stored for each account: objects and the parts of unfinished uploads. */
  totals(): { accountId: string; bytes: number; objects: number }[] {
    return this.#prepare(
      `SELECT accountId, sum(size) AS bytes, sum(one) AS objects FROM (
         SELECT accountId, size, 1 AS one FROM objects UNION ALL
         SELECT uploads.accountId, parts.size, 0 FROM parts JOIN uploads ON uploads.id = parts.uploadId)
       GROUP BY accountId`,
    ).all() as { accountId: string; bytes: number; objects: number }[];
  }

  blobs(): Set<string> {
    return new Set(
      this.#prepare('SELECT blob FROM objects UNION ALL SELECT blob FROM parts').pluck().all() as string[],
    );
  }

  addUpload(upload: UploadRecord): void {
    this.#prepare(
      'INSERT INTO uploads (id, key, accountId, createdMs, headers) VALUES (@id, @key, @accountId, @createdMs, @headers)',
    ).run({ ...upload, headers: JSON.stringify(upload.headers) });
  }

  upload(id: string): UploadRecord | undefined {
    return withHeaders(
      this.#prepare('SELECT * FROM uploads WHERE id = ?').get(id) as Row<UploadRecord> | undefined,
    );
  }

  uploads(from: string, to: string): UploadRecord[] {
    const sql = 'SELECT * FROM uploads WHERE key >= ? AND key < ? ORDER BY key, createdMs, id LIMIT 1000';
    const rows = this.#prepare(sql).all(from, to) as Row<UploadRecord>[];
    return rows.map((row) => ({ ...row, headers: JSON.parse(row.headers) as Record<string, string> }));
  }

  uploadsBefore(createdMs: number): UploadRecord[] {
    const rows = this.#prepare('SELECT * FROM uploads WHERE createdMs < ?').all(
      createdMs,
    ) as Row<UploadRecord>[];
    return rows.map((row) => ({ ...row, headers: JSON.parse(row.headers) as Record<string, string> }));
  }

  uploadCount(accountId: string): number {
    return this.#prepare('SELECT count(*) FROM uploads WHERE accountId = ?').pluck().get(accountId) as number;
  }

  deleteUpload(id: string): void {
    this.#prepare('DELETE FROM uploads WHERE id = ?').run(id);
  }

  putPart(part: PartRecord): void {
    this.#prepare(
      `INSERT OR REPLACE INTO parts (uploadId, number, blob, size, etag, modifiedMs)
       VALUES (@uploadId, @number, @blob, @size, @etag, @modifiedMs)`,
    ).run(part);
  }

  part(uploadId: string, number: number): PartRecord | undefined {
    return this.#prepare('SELECT * FROM parts WHERE uploadId = ? AND number = ?').get(uploadId, number) as
      | PartRecord
      | undefined;
  }

  parts(uploadId: string): PartRecord[] {
    return this.#prepare('SELECT * FROM parts WHERE uploadId = ? ORDER BY number').all(
      uploadId,
    ) as PartRecord[];
  }

  close(): void {
    this.#db.close();
  }

  readonly #statements = new Map<string, Database.Statement>();

  #prepare(sql: string): Database.Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

function withHeaders<T extends { headers: Record<string, string> }>(row: Row<T> | undefined): T | undefined {
  return row && ({ ...row, headers: JSON.parse(row.headers) as Record<string, string> } as unknown as T);
}
