import { lstatSync, readdirSync } from 'node:fs';
import { openAnchor, type Anchor } from './anchor.ts';

const BLOCK_BYTES = 512;
const SLASH = Buffer.from('/');

/**
 * What the disk gets back when a kept tree is removed: files that the new tree has too, under a second name, cost
 * nothing. By open directories, since the owner of the place may still reach into it.
 * @returns undefined when it could not be looked through
 */
export function keptBytes(parent: Anchor, name: string): number | undefined {
  try {
    return bytesOf(parent, Buffer.from(name));
  } catch {
    // Only a number for people: the restore is done without it.
    return undefined;
  }
}

function bytesOf(parent: Anchor, name: Buffer): number {
  const path = Buffer.concat([Buffer.from(parent.path), SLASH, name]);
  const found = lstatSync(path);
  if (!found.isDirectory()) return found.nlink > 1 ? 0 : found.blocks * BLOCK_BYTES;
  using directory = openAnchor(path);
  return readdirSync(directory.path, { encoding: 'buffer' }).reduce(
    (sum, each) => sum + bytesOf(directory, each),
    found.blocks * BLOCK_BYTES,
  );
}
