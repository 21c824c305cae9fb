import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  mkdirSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '../../contract/index.ts';

/** Writes a 0600 file so that a crash leaves the old or the new content, never a part. */
export function writeSecretFile(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = unfinished(path);
  removeUnfinished(path);
  try {
    writeNew(temporary, content);
    renameSync(temporary, path);
  } catch (error) {
    removeUnfinished(path);
    throw error;
  }
  syncDirectory(dirname(path));
}

/** What a crash left of a file that was being written; for the owner of the state directory. */
export function removeUnfinished(path: string): void {
  rmSync(unfinished(path), { force: true });
}

const unfinished = (path: string): string => `${path}.new`;

function writeNew(path: string, content: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    // All of it: one write may stop half way when the disk is full, without an error.
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * @returns undefined when there is no such file
 * @throws AppError `config_invalid` when others than its owner may read it
 */
export function readSecretFile(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return undefined;
  if ((stat.mode & 0o077) !== 0) {
    throw new AppError('config_invalid', `${path} can be read by other users`, { hint: `chmod 600 ${path}` });
  }
  return readFileSync(path, 'utf8');
}

export function removeSecretFile(path: string): void {
  removeUnfinished(path);
  rmSync(path, { force: true });
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
