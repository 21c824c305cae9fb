import type { Database } from 'better-sqlite3';
import { assertInCommit } from './row-table.ts';
import type { CursorTable, FactTable } from './store.ts';

export function createFactTable(db: Database): FactTable {
  const get = db.prepare('SELECT value FROM facts WHERE key = ?').pluck();
  const set = db.prepare(
    'INSERT INTO facts (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  );
  const remove = db.prepare('DELETE FROM facts WHERE key = ?');
  return {
    get(key) {
      const value = get.get(key) as string | undefined;
      return value === undefined ? undefined : JSON.parse(value);
    },
    set(key, value) {
      assertInCommit(db);
      set.run(key, JSON.stringify(value));
    },
    remove(key) {
      assertInCommit(db);
      remove.run(key);
    },
  };
}

export function createCursorTable(db: Database): CursorTable {
  const get = db.prepare('SELECT seq FROM cursors WHERE outlet = ?').pluck();
  const set = db.prepare(
    'INSERT INTO cursors (outlet, seq) VALUES (?, ?) ON CONFLICT (outlet) DO UPDATE SET seq = excluded.seq',
  );
  const remove = db.prepare('DELETE FROM cursors WHERE outlet = ?');
  return {
    get: (outlet) => (get.get(outlet) as number | undefined) ?? 0,
    set(outlet, seq) {
      assertInCommit(db);
      set.run(outlet, seq);
    },
    remove(outlet) {
      assertInCommit(db);
      remove.run(outlet);
    },
  };
}
