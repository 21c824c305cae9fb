import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { syncDirectory } from '../state-files.ts';

/**
 * Writes a new file of a repository in a directory: on disk before it has its name, readable by those who may read the
 * rest of the repository.
 * @throws AppError `refused`, `no_space`
 */
export async function writeLocal(directory: string, name: string, content: Buffer): Promise<void> {
  const path = join(directory, name);
  // restic passes over names that are no ids.
  const unfinished = `${path}.part-${process.pid}`;
  try {
    const { mode } = await stat(join(directory, 'config'));
    const file = await open(unfinished, 'wx', mode & 0o666);
    try {
      await file.writeFile(content);
      await file.chmod(mode & 0o666);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
    syncDirectory(dirname(path));
  } catch (error) {
    await rm(unfinished, { force: true });
    throw notWritten(directory, error);
  }
}

function notWritten(directory: string, cause: unknown): AppError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : '';
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  return new AppError(
    isFull ? 'no_space' : 'refused',
    `${directory} cannot be written${isFull ? ': its disk is full' : ''}`,
    {
      hint: isFull
        ? 'make room there, or choose another disk'
        : 'check the rights of the directory, and its disk',
      retry: 'after_action',
      cause,
    },
  );
}
