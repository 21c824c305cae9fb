import { chmodSync, fchmodSync, lstatSync, readdirSync, renameSync, type Stats } from 'node:fs';
import { rm } from 'node:fs/promises';
import { openAnchor } from './anchor.ts';

const OWNER = 0o700;
const SLASH = Buffer.from('/');

/**
 * Renames into another directory. A directory that its owner may not write could not go there: whoever has no special
 * rights must be able to change its `..`. So it is opened up meanwhile.
 */
export function moveEntry(from: string, to: string): void {
  const found = lstatSync(from);
  if (!isClosed(found)) return renameSync(from, to);
  chmodSync(from, found.mode | OWNER);
  using held = openAnchor(from);
  try {
    renameSync(from, to);
  } finally {
    fchmodSync(held.fd, found.mode & 0o7777);
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
