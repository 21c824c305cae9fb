import type { Database } from 'better-sqlite3';
import type {
  ErrorBody,
  Location,
  RequestOrigin,
  RequestState,
  RestoreChoice,
  RestorePreview,
} from '../../contract/index.ts';
import { createRowTable, type Columns } from './row-table.ts';

export interface RequestRow {
  readonly id: string;
  readonly code: string;
  readonly state: RequestState;
  readonly origin: RequestOrigin;
  readonly planId: string | null;
  readonly planName: string | null;
  readonly snapshotId: string;
  readonly takenAt: number | null;
  readonly filesTotal: number | null;
  readonly bytesTotal: number | null;
  readonly newerSnapshots: number | null;
  readonly backupUrl: string | null;
  /** How the storage is reached that the Backup URL names, where it is one's own. */
  readonly location: Location | null;
  readonly note: string | null;
  readonly commandId: string | null;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly choice: RestoreChoice | null;
  readonly reason: string | null;
  readonly jobId: string | null;
  readonly error: ErrorBody | null;
  /** Where an in-place restore keeps the old files; null: it keeps none. */
  readonly undoPath: string | null;
  /** When they are removed; null: not by themselves. */
  readonly undoUntil: number | null;
  /** What was last shown of what it would do. */
  readonly preview: RestorePreview | null;
  /** Where that is what a killed or undone restore had brought. */
  readonly asidePath: string | null;
}

export interface RequestTable {
  insert(row: RequestRow): void;
  update(id: string, change: Partial<Omit<RequestRow, 'id'>>): void;
  get(id: string): RequestRow | undefined;
  /** By id, or by code among those that have not ended, else the newest with that code. */
  find(codeOrId: string): RequestRow | undefined;
  /** Newest first; open = not ended, kept = old files of it are kept. */
  list(filter: { open?: boolean; kept?: boolean; planId?: string }): RequestRow[];
}

/** Requests that have not ended; the same list as in the index one_open_code. */
const OPEN = `state IN ('proposed', 'opened', 'verified', 'restoring', 'placing')`;

const COLUMNS: Columns<RequestRow> = {
  id: 'plain',
  code: 'plain',
  state: 'plain',
  origin: 'plain',
  planId: 'plain',
  planName: 'plain',
  snapshotId: 'plain',
  takenAt: 'plain',
  filesTotal: 'plain',
  bytesTotal: 'plain',
  newerSnapshots: 'plain',
  backupUrl: 'plain',
  location: 'jsonOrNull',
  note: 'plain',
  commandId: 'plain',
  createdAt: 'plain',
  expiresAt: 'plain',
  choice: 'jsonOrNull',
  reason: 'plain',
  jobId: 'plain',
  error: 'jsonOrNull',
  undoPath: 'plain',
  undoUntil: 'plain',
  preview: 'jsonOrNull',
  asidePath: 'plain',
};

export function createRequestTable(db: Database): RequestTable {
  const rows = createRowTable<RequestRow>({ db, name: 'requests', key: 'id', columns: COLUMNS });
  return {
    insert: (row) => rows.insert(row),
    update: (id, change) => rows.update(id, change),
    get: (id) => rows.first('WHERE id = ?', id),
    find: (codeOrId) =>
      rows.first('WHERE id = ?', codeOrId) ??
      rows.first(`WHERE code = ? ORDER BY ${OPEN} DESC, created_at DESC, rowid DESC`, codeOrId.toUpperCase()),
    list({ open, kept, planId }) {
      const conditions = [
        ...(open ? [OPEN] : []),
        ...(kept ? ['undo_path IS NOT NULL'] : []),
        ...(planId === undefined ? [] : ['plan_id = ?']),
      ];
      const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
      const values = planId === undefined ? [] : [planId];
      return rows.all(`${where} ORDER BY created_at DESC, rowid DESC`, ...values);
    },
  };
}
