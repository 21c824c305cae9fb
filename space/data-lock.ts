import { closeSync, openSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { AppError } from '../contract/errors.ts';
import { makePrivateDir } from './private-dir.ts';

/**
 * Keeps other processes from serving this directory. The lock is the kernel's, so a killed process leaves none behind.
 * @returns what gives it back
 * @throws AppError `conflict` when another process has it, `config_invalid` when the directory cannot be used
 */
export function lockDataDir(dataDir: string): () => void {
  const file = join(resolve(dataDir), 'run', 'space.lock');
  try {
    makePrivateDir(dirname(file));
    closeSync(openSync(file, 'a', 0o600));
  } catch (cause) {
    throw new AppError('config_invalid', `${dataDir} cannot be used: ${(cause as Error).message}`, {
      field: 'data',
      hint: 'choose a directory of your own with --data',
      cause,
    });
  }
  const db = new Database(file, { timeout: 0 });
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    db.close();
    throw new AppError('conflict', `another olares-space serves ${dataDir}`, {
      hint: 'stop it first, or choose another directory with --data',
      cause,
    });
  }
  return () => {
    db.close();
  };
}
