import type { Database } from 'better-sqlite3';
import type { AgentEvent } from '../../contract/index.ts';
import { assertInCommit } from './row-table.ts';
import type { Append, EventTable } from './store.ts';

export interface EventTableOptions {
  readonly db: Database;
  readonly now: () => number;
  /** Events kept at least; older ones go once every outlet has delivered them. */
  readonly keep: number;
}

/** How many appends pass between two clean-ups: one clean-up then removes a small, bounded number. */
const CLEAN_UP_EVERY = 500;

export function createEventTable(options: EventTableOptions): EventTable & { append: Append } {
  const { db } = options;
  const insert = db.prepare('INSERT INTO events (at, kind, body) VALUES (?, ?, ?)');
  const after = db.prepare('SELECT seq, at, kind, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?');
  const newest = db.prepare('SELECT COALESCE(MAX(seq), 0) FROM events').pluck();
  const cleanUp = db.prepare(
    `DELETE FROM events WHERE seq <= MIN(?, COALESCE((SELECT MIN(seq) FROM cursors), 9e15))`,
  );
  return {
    append(kind, body) {
      assertInCommit(db);
      const seq = Number(insert.run(options.now(), kind, JSON.stringify(body)).lastInsertRowid);
      if (seq % CLEAN_UP_EVERY === 0) cleanUp.run(seq - options.keep);
    },
    after: (seq, limit) =>
      (after.all(seq, limit) as RawEvent[]).map(
        (row) => ({ ...row, body: JSON.parse(row.body) as unknown }) as AgentEvent,
      ),
    newestSeq: () => newest.get() as number,
  };
}

interface RawEvent {
  seq: number;
  at: number;
  kind: string;
  body: string;
}
