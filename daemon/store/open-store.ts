import Database, { type Database as Db } from 'better-sqlite3';
import { dirname, join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { prepareStateDir } from '../base/state-dir.ts';
import { lockStateDir, type AgentLock } from './agent-lock.ts';
import { checkDatabase } from './database-check.ts';
import { replaceDamaged, writeCopy } from './database-copies.ts';
import { openCommandJournal, type CommandJournal } from './command-journal.ts';
import { createCommandTable } from './command-table.ts';
import { createEventTable } from './event-table.ts';
import { createJobTable } from './job-table.ts';
import { migrate } from './migrate.ts';
import { createPlanTable } from './plan-table.ts';
import { createRequestTable } from './request-table.ts';
import { createCursorTable, createFactTable } from './small-tables.ts';
import { createSnapshotTable } from './snapshot-table.ts';
import { storeError } from './store-errors.ts';
import type { OpenedStore } from './store.ts';
import { createTransactions } from './transactions.ts';

export interface StoreOptions {
  /** The database file; its directory is the state directory and belongs to this agent alone. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Events kept at least. */
  readonly keepEvents?: number;
}

const KEEP_EVENTS = 100_000;

/**
 * Opens the database, makes it when there is none, and goes back to the newest good copy when it is damaged.
 * @throws AppError `conflict` (another agent runs), `config_invalid` (directory, foreign or newer database), `no_space`
 */
export function openStore(options: StoreOptions): OpenedStore {
  const { path } = options;
  const stateDir = dirname(path);
  prepareStateDir(stateDir);
  let lock: AgentLock | undefined;
  let commandJournal: CommandJournal | undefined;
  try {
    lock = lockStateDir(stateDir);
    const release = lock.release;
    const copies = join(stateDir, 'copies');
    commandJournal = openCommandJournal(join(stateDir, 'commands.jsonl'));
    return storeOf({ options, copies, release, commandJournal, ...openSound(options, copies) });
  } catch (error) {
    commandJournal?.close();
    lock?.release();
    throw storeError(error, path);
  }
}

function openSound({ path, clock, log }: StoreOptions, copies: string): { db: Db; recovery?: Recovery } {
  const first = openDatabase(path);
  if (isUsable(first, path)) return { db: prepare(first, copies, clock.now()) };
  const { from, damagedPath } = replaceDamaged({ path, copies, now: clock.now() });
  log.error({ damagedPath, from }, 'the database was damaged and was moved aside');
  const db = prepare(openDatabase(path), copies, clock.now());
  skipEventNumbers(db, clock.now());
  return { db, recovery: { recoveredFrom: from ?? 'an empty database', damagedPath } };
}

/** A database that is not to be used is closed, so that it can be moved or left to its owner. */
function isUsable(db: Db, path: string): boolean {
  let usable = false;
  try {
    usable = checkDatabase(db, path) !== 'damaged';
    return usable;
  } finally {
    if (!usable) db.close();
  }
}

interface Recovery {
  readonly recoveredFrom: string;
  readonly damagedPath: string;
}

function openDatabase(path: string): Db {
  return new Database(path, { timeout: 5_000 });
}

function prepare(db: Db, copies: string, now: number): Db {
  db.pragma('journal_mode = WAL');
  // NORMAL lost acknowledged rows at power cuts.
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
  migrate({ db, copies, now });
  return db;
}

/** The lost events had numbers that outlets may know: new ones start beyond any of them. */
function skipEventNumbers(db: Db, now: number): void {
  const newest = db.prepare('SELECT COALESCE(MAX(seq), 0) FROM events').pluck().get() as number;
  const next = Math.max(newest + 1_000_000, Math.floor(now / 1000));
  db.transaction(() => {
    db.prepare("DELETE FROM sqlite_sequence WHERE name = 'events'").run();
    db.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES ('events', ?)").run(next);
  }).immediate();
}

interface StoreParts {
  readonly options: StoreOptions;
  readonly db: Db;
  readonly copies: string;
  readonly release: () => void;
  readonly commandJournal: CommandJournal;
  readonly recovery?: Recovery;
}

function storeOf({ options, db, copies, release, commandJournal, recovery }: StoreParts): OpenedStore {
  const { clock, path } = options;
  const events = createEventTable({ db, now: clock.now, keep: options.keepEvents ?? KEEP_EVENTS });
  const transactions = createTransactions({ db, path, events, log: options.log });
  return {
    plans: createPlanTable(db),
    jobs: createJobTable(db),
    snapshots: createSnapshotTable(db, clock.now),
    requests: createRequestTable(db),
    commands: createCommandTable(db),
    commandJournal,
    facts: createFactTable(db),
    cursors: createCursorTable(db),
    events,
    ...transactions,
    async copy() {
      try {
        await writeCopy(db, copies, clock.now());
      } catch (error) {
        throw storeError(error, path);
      }
    },
    close() {
      if (!db.open) return;
      db.close();
      commandJournal.close();
      release();
    },
    ...recovery,
  };
}
