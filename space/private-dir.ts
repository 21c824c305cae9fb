import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a directory and its parents, for this user only. Not `mkdir` with `recursive`: Node 20 never returns from it
 * where a parent exists but nothing can be made in it, as in /proc.
 * @throws the system's error
 */
export function makePrivateDir(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    const parent = dirname(path);
    if (code !== 'ENOENT' || existsSync(parent)) throw error;
    makePrivateDir(parent);
    mkdirSync(path, { mode: 0o700 });
  }
}
