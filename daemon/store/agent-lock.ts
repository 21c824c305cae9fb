import Database from 'better-sqlite3';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../contract/index.ts';
import { isDamage } from './store-errors.ts';

export interface AgentLock {
  release(): void;
}

/**
 * Makes this process the only agent of a state directory. The lock is SQLite's own on a database without content, so
 * the kernel lets go of it however the process ends; Node itself has no file locks.
 * @throws AppError `conflict` naming the other agent's process
 */
export function lockStateDir(stateDir: string): AgentLock {
  const pidPath = join(stateDir, 'agent.pid');
  const lockPath = join(stateDir, 'agent.lock');
  const db = new Database(lockPath, { timeout: 0 });
  try {
    db.pragma('locking_mode = EXCLUSIVE');
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if (isBusy(error)) throw heldByOther(stateDir, pidPath, error);
    if (!isDamage(error)) throw error;
    // Nobody can hold a lock on what is no database, and an intact one is empty.
    rmSync(lockPath);
    return lockStateDir(stateDir);
  }
  writePid(pidPath);
  return {
    release() {
      rmSync(pidPath, { force: true });
      db.close();
    },
  };
}

const isBusy = (error: unknown): boolean =>
  error instanceof Database.SqliteError && /^SQLITE_(BUSY|LOCKED)/.test(error.code);

function heldByOther(stateDir: string, pidPath: string, cause: unknown): AppError {
  return new AppError('conflict', `another agent uses this state directory (pid ${otherPid(pidPath)})`, {
    hint: `stop it, or name another directory with --state-dir (this one is ${stateDir})`,
    cause,
  });
}

function writePid(path: string): void {
  try {
    writeFileSync(path, `${process.pid}\n`, { mode: 0o600 });
  } catch {
    // The number is only for another agent's message; a full disk shows where it matters.
  }
}

function otherPid(path: string): string {
  try {
    return /^\d+/.exec(readFileSync(path, 'utf8'))?.[0] ?? 'unknown';
  } catch {
    // The number is only for the message; the lock has already decided.
    return 'unknown';
  }
}
