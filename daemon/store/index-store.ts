import Database, { type Database as Db } from 'better-sqlite3';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Log } from '../base/log.ts';
import { createIndexReader } from './index-reader.ts';
import { OPEN, type IndexedSnapshot, type IndexStore } from './index-types.ts';
import { createIndexWriting, isTrusted, TRUST_SUFFIXES } from './index-trust.ts';
import { createIndexWriter } from './index-writer.ts';
import { isDamage, storeError } from './store-errors.ts';

/** "olix" */
const APPLICATION_ID = 0x6f6c_6978;
const SCHEMA_VERSION = 1;
/**
 * A node is a path, whichever snapshots have it; a state is what it was from snapshot `first` to `last`. Snapshots are
 * numbered in the order in which they were indexed: a row that is the same in all of them is one row, and in whichever
 * order they come, a row never says anything about a snapshot that was not indexed.
 */
const SCHEMA = `
  CREATE TABLE snapshots (
    seq INTEGER PRIMARY KEY,
    restic_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('building', 'ready', 'gone'))
  ) STRICT;
  CREATE TABLE nodes (
    -- Never used twice: readers remember paths.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    parent INTEGER NOT NULL,
    name TEXT NOT NULL,
    -- Numbers entries of one directory whose names look the same, as names that are no UTF-8 may.
    twin INTEGER NOT NULL,
    -- The name as it is searched for, where that is another.
    folded TEXT,
    UNIQUE (parent, name, twin)
  ) STRICT;
  CREATE TABLE states (
    node INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    type TEXT NOT NULL,
    size INTEGER,
    mtime INTEGER,
    mode INTEGER,
    uid INTEGER,
    gid INTEGER,
    PRIMARY KEY (node, first)
  ) STRICT, WITHOUT ROWID;
`;

/**
 * Opens an index, or makes a new one where there is none or one that cannot be used.
 * @throws AppError `no_space`, `failed`
 */
export function openIndexStore(path: string, log: Log): IndexStore {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    const db = openUsable(path) ?? openFresh(path, log);
    return storeOf(db, path);
  } catch (error) {
    throw storeError(error, path);
  }
}

export const isIndexDamage = (error: unknown): boolean => isDamage(error);

export function removeIndexStore(path: string): void {
  for (const suffix of TRUST_SUFFIXES) rmSync(path + suffix, { force: true });
}

function openUsable(path: string): Db | undefined {
  if (!existsSync(path) || !isTrusted(path)) return undefined;
  const db = new Database(path, { timeout: 5_000 });
  try {
    const isOurs = db.pragma('application_id', { simple: true }) === APPLICATION_ID;
    if (isOurs && db.pragma('user_version', { simple: true }) === SCHEMA_VERSION) return tune(db);
  } catch (error) {
    db.close();
    if (isDamage(error)) return undefined;
    throw error;
  }
  db.close();
  return undefined;
}

function openFresh(path: string, log: Log): Db {
  if (existsSync(path)) log.warn({ path }, 'the index of snapshots cannot be used and is made anew');
  removeIndexStore(path);
  const db = tune(new Database(path, { timeout: 5_000 }));
  db.transaction(() => {
    db.exec(SCHEMA);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${SCHEMA_VERSION}`);
  })();
  return db;
}

function tune(db: Db): Db {
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = NORMAL');
  db.pragma('cache_size = -16000');
  return db;
}

function storeOf(db: Db, path: string): IndexStore {
  const ready = db.prepare(
    "SELECT seq, restic_id AS resticId FROM snapshots WHERE state = 'ready' ORDER BY seq",
  );
  const newest = db.prepare('SELECT COALESCE(MAX(seq), 0) FROM snapshots').pluck();
  const begin = db.prepare("INSERT INTO snapshots (seq, restic_id, state) VALUES (?, ?, 'building')");
  const forget = db.prepare("UPDATE snapshots SET state = 'gone' WHERE restic_id = ? AND state = 'ready'");
  const forgetAll = db.transaction((ids: readonly string[]) => {
    for (const id of ids) forget.run(id);
  });
  return {
    ...createIndexReader(db),
    snapshots: () => ready.all() as IndexedSnapshot[],
    write: createIndexWriting(db, path),
    cleanStep: createCleaner(db),
    purgeStep: createPurger(db),
    begin(resticId) {
      const seq = (newest.get() as number) + 1;
      begin.run(seq, resticId);
      return createIndexWriter(db, seq);
    },
    forget: (ids) => forgetAll(ids),
    close() {
      if (!db.open) return;
      // The last thing it does is to move what is in the log to the file, and this time in the right order.
      db.pragma('synchronous = NORMAL');
      db.close();
    },
  };
}

const STEP_NODES = 5_000;

/**
 * What the unfinished snapshot `k` changed: rows that begin with it, and rows it ended. The latter end at `k - 1`, and
 * no other row does: before `k`, rows that `k - 1` has were open.
 */
function createCleaner(db: Db): () => boolean {
  const building = db.prepare("SELECT seq FROM snapshots WHERE state = 'building'").pluck();
  const newestNode = db.prepare('SELECT COALESCE(MAX(id), 0) FROM nodes').pluck();
  const drop = db.prepare('DELETE FROM states WHERE node > ? AND node <= ? AND first = ?');
  const reopen = db.prepare(`UPDATE states SET last = ${OPEN} WHERE node > ? AND node <= ? AND last = ?`);
  const done = db.prepare("DELETE FROM snapshots WHERE seq = ? AND state = 'building'");
  let from = 0;
  const step = db.transaction((seq: number) => {
    const to = from + STEP_NODES;
    drop.run(from, to, seq);
    reopen.run(from, to, seq - 1);
    if (to >= (newestNode.get() as number)) done.run(seq);
    return to;
  });
  return () => {
    const seq = building.get() as number | undefined;
    if (seq === undefined) {
      from = 0;
      return false;
    }
    from = step(seq);
    return true;
  };
}

/** Takes out what only snapshots had that are gone. */
function createPurger(db: Db): (from: number) => number | undefined {
  const newestNode = db.prepare('SELECT COALESCE(MAX(id), 0) FROM nodes').pluck();
  const states = db.prepare(
    `DELETE FROM states WHERE node > ? AND node <= ? AND NOT EXISTS (
       SELECT 1 FROM snapshots WHERE state <> 'gone' AND seq BETWEEN states.first AND states.last)`,
  );
  const nodes = db.prepare(
    `DELETE FROM nodes WHERE id > ? AND id <= ?
     AND NOT EXISTS (SELECT 1 FROM states WHERE node = nodes.id)
     AND NOT EXISTS (SELECT 1 FROM nodes AS child WHERE child.parent = nodes.id)`,
  );
  const step = db.transaction((from: number, to: number) => {
    states.run(from, to);
    nodes.run(from, to);
  });
  return (from) => {
    const to = from + STEP_NODES;
    step(from, to);
    return to >= (newestNode.get() as number) ? undefined : to;
  };
}
