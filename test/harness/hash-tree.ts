import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One line for the names and the content of a tree of plain files; a tree that is not there has a line too. */
export function hashTree(root: string): string {
  const hash = createHash('sha256');
  try {
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true }).toSorted(byPath)) {
      const path = join(entry.parentPath, entry.name);
      hash.update(`${path.slice(root.length)}\0`);
      if (entry.isFile()) hash.update(readFileSync(path));
    }
    return hash.digest('hex');
  } catch (error) {
    return String(error);
  }
}

const byPath = (a: { parentPath: string; name: string }, b: { parentPath: string; name: string }) =>
  join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1;
