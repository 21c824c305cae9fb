import { chmodSync, closeSync, openSync } from 'node:fs';
import Database from 'better-sqlite3';
import { AppError } from '../../contract/errors.ts';
import { MIGRATIONS } from './migrations.ts';

export type Db = Database.Database;

/** "OlSp": tells this database from another program's. */
const APPLICATION_ID = 0x4f6c5370;

/**
 * Opens or makes the Space's database, readable by its owner only. Two processes may have it open at a time.
 * @throws AppError `config_invalid` for a file of another program or of a newer version of this one
 */
export function openDatabase(file: string): Db {
  // Made by us, so that it is never readable by others, not even for a moment; WAL and SHM take over its mode.
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
  const db = new Database(file, { timeout: 5_000 });
  try {
    refuseForeign(db, file);
    db.pragma('journal_mode = WAL');
    // FULL: an acknowledged report must survive a power cut; with NORMAL it often does not.
    db.pragma('synchronous = FULL');
    db.pragma('foreign_keys = ON');
    db.transaction(() => migrate(db)).immediate();
  } catch (error) {
    db.close();
    throw error;
  }
  return db;
}

function refuseForeign(db: Db, file: string): void {
  const owner = readNumber(db, 'application_id', file);
  const version = readNumber(db, 'user_version', file);
  if (owner !== APPLICATION_ID && (owner !== 0 || version !== 0)) {
    throw new AppError('config_invalid', `${file} is the database of another program`, {
      hint: 'choose another directory with --data',
    });
  }
  if (version > MIGRATIONS.length) {
    throw new AppError('config_invalid', `${file} was written by a newer olares-space`, {
      hint: 'start the newer version again, or choose another directory with --data',
    });
  }
}

function readNumber(db: Db, pragma: string, file: string): number {
  try {
    return Number(db.pragma(pragma, { simple: true }));
  } catch (cause) {
    throw new AppError('config_invalid', `${file} is not a database`, {
      hint: 'move it away or choose another directory with --data',
      cause,
    });
  }
}

function migrate(db: Db): void {
  const from = readNumber(db, 'user_version', db.name);
  for (const step of MIGRATIONS.slice(from)) db.exec(step);
  db.pragma(`application_id = ${APPLICATION_ID}`);
  db.pragma(`user_version = ${MIGRATIONS.length}`);
}
