import Database from 'better-sqlite3';
import { AppError } from '../../contract/index.ts';

const FULL = /^SQLITE_(FULL|IOERR_WRITE|IOERR_FSYNC|IOERR_SHMSIZE)/;
const DAMAGED = /^SQLITE_(CORRUPT|NOTADB)/;

/** What a person can do about an error of the database; errors of other origin stay as they are. */
export function storeError(error: unknown, path: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  if (FULL.test(error.code)) {
    return new AppError('no_space', `the agent's database ${path} can't be written: the disk is full`, {
      hint: `free some space on the disk of ${path}`,
      retry: 'backoff',
      cause: error,
    });
  }
  if (isDamage(error)) {
    return new AppError('integrity', `the agent's database ${path} is damaged`, {
      hint: 'restart the agent: it goes back to its newest good copy',
      cause: error,
    });
  }
  if (/^SQLITE_(IOERR|CANTOPEN|READONLY|PERM|AUTH)/.test(error.code)) {
    return new AppError('failed', `the agent's database ${path} can't be used: ${error.message}`, {
      hint: 'check the rights and the disk of the state directory',
      cause: error,
    });
  }
  return error;
}

export const isDamage = (error: unknown): boolean =>
  error instanceof Database.SqliteError && DAMAGED.test(error.code);
