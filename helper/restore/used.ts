import { lstatSync, readdirSync } from 'node:fs';

/** What a tree takes of its file system. */
export interface Used {
  readonly bytes: number;
  readonly inodes: number;
}

const BLOCK_BYTES = 512;
const SLASH = Buffer.from('/');

/** Only for a tree that nobody but us can reach. The directory itself does not count. */
export function usedBy(directory: string): Used {
  let bytes = 0;
  let inodes = 0;
  const visit = (path: Buffer) => {
    for (const entry of readdirSync(path, { withFileTypes: true, encoding: 'buffer' })) {
      const inner = Buffer.concat([path, SLASH, entry.name]);
      const { blocks, nlink } = lstatSync(inner);
      // Each name of a file with several has its share.
      const share = entry.isDirectory() ? 1 : Math.max(1, nlink);
      bytes += (blocks * BLOCK_BYTES) / share;
      inodes += 1 / share;
      if (entry.isDirectory()) visit(inner);
    }
  };
  visit(Buffer.from(directory));
  return { bytes: Math.round(bytes), inodes: Math.round(inodes) };
}
