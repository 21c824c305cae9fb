import Database, { type Database as Db } from 'better-sqlite3';
import { copyFileSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { checkDatabase } from './database-check.ts';

const KEPT_COPIES = 24;
const HOURLY = /^hourly-.*\.db$/;

/** `2026-01-31T04-05-06-789Z`: sorts by time and is a file name everywhere. */
export const fileTime = (now: number): string => new Date(now).toISOString().replace(/[:.]/g, '-');

/** Writes a consistent copy step by step, so that the daemon goes on answering, and drops the oldest. */
export async function writeCopy(db: Db, directory: string, now: number): Promise<void> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // A killed agent leaves its unfinished copy behind.
  for (const name of namesIn(directory).filter((known) => known.includes('.partial')))
    rmSync(join(directory, name));
  const path = join(directory, `hourly-${fileTime(now)}.db`);
  const partial = `${path}.partial`;
  try {
    await db.backup(partial);
    renameSync(partial, path);
  } finally {
    removeDatabase(partial);
  }
  for (const old of hourlyCopies(directory).slice(KEPT_COPIES)) removeDatabase(old);
}

/** Newest first. */
export function hourlyCopies(directory: string): string[] {
  return namesIn(directory)
    .filter((name) => HOURLY.test(name))
    .toSorted()
    .toReversed()
    .map((name) => join(directory, name));
}

export interface MoveAsideOptions {
  readonly path: string;
  readonly copies: string;
  readonly now: number;
}

/**
 * Puts the newest good copy in the place of a damaged database, which is kept under another name.
 * @returns the copy taken, or undefined when there is none: the place is then empty
 */
export function replaceDamaged(options: MoveAsideOptions): { from: string | undefined; damagedPath: string } {
  const damagedPath = `${options.path}.damaged-${fileTime(options.now)}`;
  renameSync(options.path, damagedPath);
  for (const end of ['-wal', '-shm']) renameIfThere(`${options.path}${end}`, `${damagedPath}${end}`);
  const from = hourlyCopies(options.copies).find(isGoodCopy);
  if (from !== undefined) {
    copyFileSync(from, `${options.path}.new`);
    renameSync(`${options.path}.new`, options.path);
  }
  return { from, damagedPath };
}

function isGoodCopy(path: string): boolean {
  let db: Db | undefined;
  try {
    db = new Database(path, { fileMustExist: true });
    return checkDatabase(db, path) === 'good';
  } catch {
    // An unusable copy is passed over; an older one may be good.
    return false;
  } finally {
    db?.close();
  }
}

function removeDatabase(path: string): void {
  for (const end of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${end}`, { force: true });
}

function renameIfThere(from: string, to: string): void {
  const directory = from.slice(0, -basename(from).length);
  if (namesIn(directory).includes(basename(from))) renameSync(from, to);
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
