import {
  constants,
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '../contract/errors.ts';

/**
 * Makes a directory only its owner may enter. Not `mkdir` with `recursive`: Node 20 never returns from it where nothing
 * can be made in a parent, as in /proc.
 * @throws the system's error
 */
export function makePrivateDirectory(path: string): string {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return path;
    if (code !== 'ENOENT' || existsSync(dirname(path))) throw error;
    makePrivateDirectory(dirname(path));
    return makePrivateDirectory(path);
  }
  return path;
}

/**
 * Reads a file that only its owner may read; never follows a link in its place.
 * @throws AppError `refused` when group or others may read or write it; Node's error when it cannot be opened
 */
export function readPrivateFile(path: string): Buffer {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { mode, uid } = fstatSync(fd);
    const own = process.getuid?.() ?? uid;
    if ((mode & 0o077) !== 0 || (uid !== own && uid !== 0)) {
      throw new AppError('refused', `${path} can be read by others, so it cannot be trusted`, {
        hint: `chmod 600 ${path}, and look who had access to it`,
      });
    }
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Creates a 0600 file that must not exist yet, and has it and its directory entry on disk before it answers. */
export function createPrivateFileSync(path: string, content: string | Buffer): void {
  makePrivateDirectory(dirname(path));
  const fd = openSync(path, 'wx', 0o600);
  try {
    // All of it: one write may stop half way when the disk is full, without an error.
    writeFileSync(fd, content);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  syncDirectory(dirname(path));
}

export function syncDirectory(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
