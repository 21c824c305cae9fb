import { AppError } from '../../contract/errors.ts';
import { digest, sameBytes, type Clock } from '../ids.ts';
import type { Db } from './database.ts';

export interface Backup {
  readonly accountId: string;
  readonly backupId: string;
  readonly deviceId: string | null;
  readonly name: string;
  readonly type: number;
  readonly path: string;
  readonly location: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly stoppedAt: number | null;
}
export type BackupReport = Pick<
  Backup,
  'accountId' | 'backupId' | 'deviceId' | 'name' | 'type' | 'path' | 'location' | 'createdAt'
>;

export interface SnapshotRecord {
  readonly accountId: string;
  readonly snapshotId: string;
  readonly backupId: string;
  readonly resticId: string;
  readonly sizeBytes: number;
  /** Stored size of the repository when the report was made. */
  readonly storedBytes: number;
  readonly takenAt: number;
  readonly status: string;
  readonly type: string;
  /** Repository address without `s3:`. */
  readonly url: string;
  readonly message: string;
}

export interface Receipt {
  readonly number: number;
  readonly at: number;
  readonly accountId: string;
  readonly call: string;
  /** The id of the backup or snapshot. */
  readonly subject: string;
  readonly status: string;
  /** What it was answered with. */
  readonly code: number;
}

const BACKUP_COLUMNS = `account_id AS accountId, backup_id AS backupId, device_id AS deviceId, name, type, path, location,
  created_at AS createdAt, updated_at AS updatedAt, stopped_at AS stoppedAt`;
const SNAPSHOT_COLUMNS = `account_id AS accountId, snapshot_id AS snapshotId, backup_id AS backupId,
  restic_id AS resticId, size_bytes AS sizeBytes, stored_bytes AS storedBytes, taken_at AS takenAt, status, type, url,
  message`;
const NOT_FINAL: ReadonlySet<string> = new Set(['Pending', 'Running']);
const MAX_BACKUPS = 1_000;
const MAX_SNAPSHOTS = 200_000;
const KEPT_RECEIPTS = 50_000;

/** What agents reported by HTTP. Each save answers whether it changed anything. */
export class Records {
  readonly #db: Db;
  readonly #clock: Clock;

  constructor(options: { db: Db; clock: Clock }) {
    this.#db = options.db;
    this.#clock = options.clock;
  }

  saveBackup(report: BackupReport): boolean {
    const { accountId, backupId, deviceId, name, type, path, location, createdAt } = report;
    const now = this.#clock();
    if (!this.backup(accountId, backupId)) this.#refuseAbove(MAX_BACKUPS, 'backups', accountId);
    const { changes } = this.#db
      .prepare(
        `INSERT INTO backups VALUES (@accountId, @backupId, @deviceId, @name, @type, @path, @location, @createdAt, @now, NULL)
         ON CONFLICT DO UPDATE SET name = @name, type = @type, path = @path, location = @location,
           created_at = @createdAt, device_id = coalesce(@deviceId, device_id), updated_at = @now, stopped_at = NULL
         WHERE (name, type, path, location, created_at) IS NOT (@name, @type, @path, @location, @createdAt)
           OR stopped_at IS NOT NULL OR device_id IS NOT coalesce(@deviceId, device_id)`,
      )
      .run({ accountId, backupId, deviceId, name, type, path, location, createdAt, now });
    return changes > 0;
  }

  stopBackup(accountId: string, backupId: string): boolean {
    const { changes } = this.#db
      .prepare(
        'UPDATE backups SET stopped_at = coalesce(stopped_at, ?) WHERE account_id = ? AND backup_id = ?',
      )
      .run(this.#clock(), accountId, backupId);
    return changes > 0;
  }

  /** A Pending report never replaces a final one: it was only slow. */
  saveSnapshot(snapshot: SnapshotRecord): boolean {
    return this.#db.transaction(() => {
      const content = digest(JSON.stringify(snapshot));
      const known = this.#db
        .prepare('SELECT status, content FROM snapshots WHERE account_id = ? AND snapshot_id = ?')
        .get(snapshot.accountId, snapshot.snapshotId) as { status: string; content: Buffer } | undefined;
      if (known && sameBytes(known.content, content)) return false;
      if (known && NOT_FINAL.has(snapshot.status) && !NOT_FINAL.has(known.status)) return false;
      if (!known) this.#refuseAbove(MAX_SNAPSHOTS, 'snapshots', snapshot.accountId);
      this.#ensureBackup(snapshot);
      this.#db
        .prepare(
          `INSERT OR REPLACE INTO snapshots VALUES (@accountId, @snapshotId, @backupId, @resticId, @sizeBytes,
           @storedBytes, @takenAt, @status, @type, @url, @message, @content, @now)`,
        )
        .run({ ...snapshot, content, now: this.#clock() });
      return true;
    })();
  }

  backup(accountId: string, backupId: string): Backup | undefined {
    return this.#db
      .prepare(`SELECT ${BACKUP_COLUMNS} FROM backups WHERE account_id = ? AND backup_id = ?`)
      .get(accountId, backupId) as Backup | undefined;
  }

  backups(accountId: string): Backup[] {
    return this.#db
      .prepare(`SELECT ${BACKUP_COLUMNS} FROM backups WHERE account_id = ? ORDER BY created_at, backup_id`)
      .all(accountId) as Backup[];
  }

  snapshot(accountId: string, snapshotId: string): SnapshotRecord | undefined {
    return this.#db
      .prepare(`SELECT ${SNAPSHOT_COLUMNS} FROM snapshots WHERE account_id = ? AND snapshot_id = ?`)
      .get(accountId, snapshotId) as SnapshotRecord | undefined;
  }

  /** Newest first. */
  snapshots(accountId: string, backupId: string, page: { limit: number; offset: number }): SnapshotRecord[] {
    return this.#db
      .prepare(
        `SELECT ${SNAPSHOT_COLUMNS} FROM snapshots WHERE account_id = ? AND backup_id = ?
         ORDER BY taken_at DESC, snapshot_id LIMIT ? OFFSET ?`,
      )
      .all(accountId, backupId, page.limit, page.offset) as SnapshotRecord[];
  }

  countSnapshots(accountId: string, backupId: string): number {
    return this.#db
      .prepare('SELECT count(*) FROM snapshots WHERE account_id = ? AND backup_id = ?')
      .pluck()
      .get(accountId, backupId) as number;
  }

  addReceipt(receipt: Omit<Receipt, 'number' | 'at'>): void {
    const { lastInsertRowid } = this.#db
      .prepare('INSERT INTO receipts (at, account_id, call, subject, status, code) VALUES (?, ?, ?, ?, ?, ?)')
      .run(this.#clock(), receipt.accountId, receipt.call, receipt.subject, receipt.status, receipt.code);
    this.#db.prepare('DELETE FROM receipts WHERE number <= ?').run(Number(lastInsertRowid) - KEPT_RECEIPTS);
  }

  receipts(): Receipt[] {
    return this.#db
      .prepare(
        'SELECT number, at, account_id AS accountId, call, subject, status, code FROM receipts ORDER BY number',
      )
      .all() as Receipt[];
  }

  /** A snapshot may be told of before its backup; the name follows with the backup's own report. */
  #ensureBackup({ accountId, backupId, takenAt }: SnapshotRecord): void {
    if (this.backup(accountId, backupId)) return;
    this.saveBackup({
      accountId,
      backupId,
      deviceId: null,
      name: backupId,
      type: 1,
      path: '',
      location: 'space',
      createdAt: takenAt,
    });
  }

  #refuseAbove(limit: number, table: 'backups' | 'snapshots', accountId: string): void {
    const count = this.#db
      .prepare(`SELECT count(*) FROM ${table} WHERE account_id = ?`)
      .pluck()
      .get(accountId);
    if (Number(count) >= limit) throw new AppError('conflict', `the account has ${limit} ${table} already`);
  }
}
