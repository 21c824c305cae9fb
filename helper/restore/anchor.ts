import { closeSync, constants, fstatSync, mkdirSync, openSync } from 'node:fs';
import { AppError } from '../../contract/errors.ts';

/**
 * A directory held open. Paths below it go through `/proc/self/fd`, so they stay in this directory even when somebody
 * renames it or puts a link in its place.
 */
export interface Anchor extends Disposable {
  readonly fd: number;
  /** Path of an entry of this directory; the name must be a single one. */
  at(name: string): string;
  readonly path: string;
}

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** @throws Node's error; ELOOP or ENOTDIR when the last part is a link or no directory */
export function openAnchor(path: string | Buffer): Anchor {
  const fd = openSync(path, DIRECTORY);
  let isOpen = true;
  return {
    fd,
    path: `/proc/self/fd/${fd}`,
    at: (name) => `/proc/self/fd/${fd}/${name}`,
    [Symbol.dispose]() {
      if (isOpen) closeSync(fd);
      isOpen = false;
    },
  };
}

/**
 * Steps down from a directory by names, never through a link.
 * @param create makes what is missing
 * @throws AppError `conflict` when one of them is a link or no directory
 */
export function descend(from: Anchor, names: readonly string[], create: boolean): Anchor {
  let current = openAnchor(`${from.path}/.`);
  for (const name of names) {
    using parent = current;
    if (create) makeDirectory(parent.at(name));
    current = openStep(parent, name);
  }
  return current;
}

function openStep(parent: Anchor, name: string): Anchor {
  try {
    return openAnchor(parent.at(name));
  } catch (error) {
    throw new AppError(
      'conflict',
      `${name} in the target is a link or no directory, so nothing is restored through it`,
      {
        hint: 'restore into a new directory and move the files yourself',
        cause: error,
      },
    );
  }
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o755 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

/** A directory that only we can enter, as far as its owner and rights say. */
export function isPrivate({ fd }: Anchor): boolean {
  const { uid, mode } = fstatSync(fd);
  return uid === (process.geteuid?.() ?? uid) && (mode & 0o077) === 0;
}
