import type { Database } from 'better-sqlite3';
import { createRowTable } from './row-table.ts';
import type { ResultStatus } from '../../contract/index.ts';

/** A command of Space, stored before any effect and kept for ever: a second one with its id or number is the same. */
export interface CommandRow {
  readonly commandId: string;
  readonly deviceId: string;
  readonly seq: number;
  readonly kind: string;
  /** JSON text as signed. */
  readonly payload: string;
  readonly receivedAt: number;
  readonly status: ResultStatus;
  readonly code: string | null;
  readonly requestCode: string | null;
  /** Of the person who declined it. */
  readonly reason: string | null;
}

/** What came of it; what is left out stays as it was. */
export interface CommandOutcome {
  readonly status: ResultStatus;
  readonly code?: string;
  readonly requestCode?: string;
  readonly reason?: string;
}

export interface CommandTable {
  /** @returns false when the id or the number is known already; then nothing is written */
  insert(row: CommandRow): boolean;
  settle(commandId: string, outcome: CommandOutcome): void;
  get(commandId: string): CommandRow | undefined;
  /** Highest number of this device, 0 if none. */
  newestSeq(deviceId: string): number;
  /** Newest first, without the `skip` newest. */
  list(limit: number, skip?: number): CommandRow[];
  /** Those whose result is to be given yet, oldest first. */
  waiting(): CommandRow[];
  count(): number;
}

export function createCommandTable(db: Database): CommandTable {
  const rows = createRowTable<CommandRow>({
    db,
    name: 'commands',
    key: 'commandId',
    columns: {
      commandId: 'plain',
      deviceId: 'plain',
      seq: 'plain',
      kind: 'plain',
      payload: 'plain',
      receivedAt: 'plain',
      status: 'plain',
      code: 'plain',
      requestCode: 'plain',
      reason: 'plain',
    },
  });
  const newestSeq = db.prepare('SELECT MAX(seq) FROM commands WHERE device_id = ?').pluck();
  const count = db.prepare('SELECT COUNT(*) FROM commands').pluck();
  return {
    insert: (row) => rows.insertIfNew(row),
    settle: (commandId, { status, code, requestCode, reason }) =>
      rows.update(commandId, {
        status,
        ...(code !== undefined && { code }),
        ...(requestCode !== undefined && { requestCode }),
        ...(reason !== undefined && { reason }),
      }),
    get: (commandId) => rows.first('WHERE command_id = ?', commandId),
    newestSeq: (deviceId) => (newestSeq.get(deviceId) as number | null) ?? 0,
    list: (limit, skip = 0) => rows.all('ORDER BY received_at DESC, seq DESC LIMIT ? OFFSET ?', limit, skip),
    waiting: () => rows.all(`WHERE status = 'waiting' ORDER BY received_at, seq`),
    count: () => count.get() as number,
  };
}
