import Database from 'better-sqlite3';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../contract/index.ts';

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
  const db = new Database(join(stateDir, 'agent.lock'), { timeout: 0 });
  try {
    db.pragma('locking_mode = EXCLUSIVE');
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    throw new AppError('conflict', `another agent uses this state directory (pid ${otherPid(pidPath)})`, {
      hint: `stop it, or name another directory with --state-dir (this one is ${stateDir})`,
      cause: error,
    });
  }
  writeFileSync(pidPath, `${process.pid}\n`, { mode: 0o600 });
  return {
    release() {
      rmSync(pidPath, { force: true });
      db.close();
    },
  };
}

function otherPid(path: string): string {
  try {
    return /^\d+/.exec(readFileSync(path, 'utf8'))?.[0] ?? 'unknown';
  } catch {
    // The number is only for the message; the lock has already decided.
    return 'unknown';
  }
}
