import { lstatSync, mkdirSync } from 'node:fs';
import { AppError } from '../../contract/index.ts';

/**
 * Makes the state directory (0700) or checks that it is ours alone: it holds the database, sockets and device key.
 * @throws AppError `config_invalid` when it belongs to another user, others may enter it, or it can't be made
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
}

function statOrMake(path: string) {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found) return found;
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return lstatSync(path);
  } catch (error) {
    throw new AppError('config_invalid', `the state directory ${path} can't be used: ${reasonOf(error)}`, {
      hint: 'make it yourself, or name another with --state-dir',
      cause: error,
    });
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
