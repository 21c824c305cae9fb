import { accessSync, constants, existsSync, lstatSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '../../contract/index.ts';

/**
 * Makes the state directory (0700) or checks that it is ours alone: it holds the database, sockets and device key.
 * @throws AppError `config_invalid` when it belongs to another user, others may enter it, or it can't be made
 *   or written
 */
export function prepareStateDir(path: string, uid: number | undefined = process.getuid?.()): void {
  const stat = statOrMake(path);
  if (!stat.isDirectory()) {
    throw new AppError('config_invalid', `the state directory ${path} is not a directory`, {
      hint: 'name another one with --state-dir',
    });
  }
  if (uid !== undefined && stat.uid !== uid) {
    throw new AppError(
      'config_invalid',
      `the state directory ${path} belongs to user ${stat.uid}, not ${uid}`,
      {
        hint: `run the agent as its owner, name another with --state-dir, or: chown -R ${uid} ${path}`,
      },
    );
  }
  if ((stat.mode & 0o077) !== 0) {
    throw new AppError('config_invalid', `others may enter the state directory ${path}`, {
      hint: `chmod 700 ${path}`,
    });
  }
  attempt(path, () => accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK));
}

function statOrMake(path: string) {
  return attempt(path, () => {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found) return found;
    makeDirectory(path);
    return lstatSync(path);
  });
}

/** Not `mkdir` with `recursive`: Node 20 never returns from it where nothing can be made in a parent, as in /proc. */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || existsSync(parent)) throw error;
    makeDirectory(parent);
    mkdirSync(path, { mode: 0o700 });
  }
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    const reason = REASONS[code] ?? message;
    throw new AppError('config_invalid', `the state directory ${path} can't be used: ${reason}`, {
      hint: 'make it yourself, or name another with --state-dir',
      cause,
    });
  }
}

const REASONS: Partial<Record<string, string>> = {
  ENOENT: 'nothing can be made there',
  EROFS: 'its file system is read only',
  ENOSPC: 'its disk is full',
  ENOTDIR: 'a part of its path is a file',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
};
