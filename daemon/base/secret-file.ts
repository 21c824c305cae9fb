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
  const temporary = `${path}.new`;
  rmSync(temporary, { force: true });
  const file = openSync(temporary, 'wx', 0o600);
  try {
    // All of it: one write may stop half way when the disk is full, without an error.
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  syncDirectory(dirname(path));
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
