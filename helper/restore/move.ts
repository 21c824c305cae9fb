import {
  chmodSync,
  fchmodSync,
  linkSync,
  lstatSync,
  readdirSync,
  renameSync,
  unlinkSync,
  type Stats,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { AppError } from '../../contract/errors.ts';
import { openAnchor } from './anchor.ts';

const OWNER = 0o700;
const SLASH = Buffer.from('/');

/**
 * Renames into another directory. A directory that its owner may not write could not go there: whoever has no special
 * rights must be able to change its `..`. So it is opened up meanwhile.
 */
export function moveEntry(from: string | Buffer, to: string | Buffer): void {
  const found = lstatSync(from);
  // root may write it as it is, and a change of rights by name could be led astray by the owner of the directory.
  if (!isClosed(found) || process.geteuid?.() === 0) return renameSync(from, to);
  chmodSync(from, found.mode | OWNER);
  using held = openAnchor(from);
  try {
    renameSync(from, to);
  } finally {
    fchmodSync(held.fd, found.mode & 0o7777);
  }
}

/** Never replaces anything but an empty directory, also when it appeared a moment ago. */
export function moveNew(from: string, to: string): void {
  try {
    if (lstatSync(from).isDirectory()) return moveEntry(from, to);
    linkSync(from, to);
    unlinkSync(from);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOTDIR') throw error;
    throw new AppError('conflict', 'the target appeared while the restore ran; it was not touched', {
      field: 'target',
      hint: 'choose another target',
      cause: error,
    });
  }
}

/** Removes a tree that nobody but us can reach, also directories that we may not write. */
export async function removeTree(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) openUp(Buffer.from(path), found);
  await rm(path, { recursive: true, force: true });
}

function openUp(path: Buffer, found: Stats): void {
  if ((found.mode & OWNER) !== OWNER) chmodSync(path, found.mode | OWNER);
  for (const entry of readdirSync(path, { withFileTypes: true, encoding: 'buffer' })) {
    if (!entry.isDirectory()) continue;
    const inner = Buffer.concat([path, SLASH, entry.name]);
    openUp(inner, lstatSync(inner));
  }
}

const isClosed = (found: Stats) => found.isDirectory() && (found.mode & 0o200) === 0;
