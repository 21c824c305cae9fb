import { rmdirSync, readdirSync, unlinkSync } from 'node:fs';
import { openAnchor, type Anchor } from './anchor.ts';

/**
 * Removes what is left of a kept tree whose paths are all back: its list and empty directories. Whoever owns the
 * directory around it may have given its name to something else, so every step goes by an open directory, and a file
 * that is not ours stays.
 */
export function clearKept(parent: Anchor, kept: string, list: string): void {
  using tree = openAnchor(parent.at(kept));
  if (readdirSync(tree.path).includes(list)) unlinkSync(tree.at(list));
  removeHollow(tree);
  removeIfEmpty(parent, kept);
}

function removeHollow(directory: Anchor): void {
  for (const entry of readdirSync(directory.path, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    using inner = openAnchor(directory.at(entry.name));
    removeHollow(inner);
    removeIfEmpty(directory, entry.name);
  }
}

function removeIfEmpty(directory: Anchor, name: string): void {
  try {
    rmdirSync(directory.at(name));
  } catch (error) {
    // What lies in it is not of the restore.
    if (
      !(error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'ENOTDIR'))
    )
      throw error;
  }
}
