import type { Database } from 'better-sqlite3';
import type { SnapshotState } from '../../contract/index.ts';
import { startsWith } from './prefix.ts';
import { createRowTable, type Columns } from './row-table.ts';

/** One line of the ledger. */
export interface SnapshotRow {
  readonly id: string;
  readonly resticId: string;
  readonly planId: string;
  readonly jobId: string | null;
  readonly takenAt: number;
  readonly paths: readonly string[];
  readonly filesTotal: number | null;
  readonly bytesTotal: number | null;
  readonly addedBytes: number | null;
  readonly incomplete: boolean;
  readonly state: SnapshotState;
}

export interface SnapshotTable {
  insert(row: SnapshotRow): void;
  setState(id: string, state: SnapshotState): void;
  remove(id: string): void;
  /** By our id or restic's, or a unique prefix of either of at least 4 characters. */
  find(idPrefix: string): SnapshotRow | 'ambiguous' | undefined;
  /** Newest first. */
  list(planId?: string): SnapshotRow[];
  newest(planId: string): SnapshotRow | undefined;
  /** Count of the plan's present snapshots and sum of what they added. */
  totals(planId: string): { count: number; addedBytes: number };
}

const SHORTEST_PREFIX = 4;

const COLUMNS: Columns<SnapshotRow> = {
  id: 'plain',
  resticId: 'plain',
  planId: 'plain',
  jobId: 'plain',
  takenAt: 'plain',
  paths: 'json',
  filesTotal: 'plain',
  bytesTotal: 'plain',
  addedBytes: 'plain',
  incomplete: 'boolean',
  state: 'plain',
};

/** A date further ahead is a wrong clock's, or a lie: it does not make a snapshot the newest. */
const FUTURE_SLACK_MS = 24 * 60 * 60 * 1000;

export function createSnapshotTable(db: Database, now: () => number): SnapshotTable {
  const rows = createRowTable<SnapshotRow>({ db, name: 'snapshots', key: 'id', columns: COLUMNS });
  const totals = db.prepare(
    `SELECT COUNT(*) AS count, COALESCE(SUM(added_bytes), 0) AS addedBytes
     FROM snapshots WHERE plan_id = ? AND state = 'present'`,
  );
  const newestFirst = 'ORDER BY taken_at DESC, rowid DESC';
  return {
    insert: (row) => rows.insert(row),
    setState: (id, state) => rows.update(id, { state }),
    remove: (id) => rows.remove(id),
    find(idPrefix) {
      if (idPrefix.length < SHORTEST_PREFIX) return undefined;
      const where = `WHERE (${startsWith('id')}) OR (${startsWith('restic_id')}) LIMIT 2`;
      const found = rows.all(where, idPrefix, idPrefix, idPrefix, idPrefix);
      return found.length > 1 ? 'ambiguous' : found[0];
    },
    list: (planId) =>
      planId === undefined ? rows.all(newestFirst) : rows.all(`WHERE plan_id = ? ${newestFirst}`, planId),
    newest: (planId) =>
      rows.first(
        `WHERE plan_id = ? AND state = 'present' ORDER BY taken_at > ?, taken_at DESC, rowid DESC LIMIT 1`,
        planId,
        now() + FUTURE_SLACK_MS,
      ),
    totals: (planId) => totals.get(planId) as { count: number; addedBytes: number },
  };
}
