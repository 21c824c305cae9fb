import { existsSync, lstatSync, readdirSync, type BigIntStats } from 'node:fs';

interface Entry {
  readonly name: Buffer;
  readonly path: Buffer;
  readonly found: BigIntStats;
}

/** What file systems hold and backups get wrong, by how an entry shows it. */
const KINDS: Readonly<Record<string, (entry: Entry) => boolean>> = {
  'a name that is no valid text': ({ name }) => !Buffer.from(name.toString()).equals(name),
  'a name with a newline': ({ name }) => name.includes(0x0a),
  'a name of 255 bytes': ({ name }) => name.length === 255,
  'a name like an option': ({ name }) => name[0] === 0x2d,
  'several names of one file': ({ found }) => found.isFile() && found.nlink > 1n,
  'a file with holes': ({ found }) =>
    found.isFile() && found.size > 100_000n && found.blocks * 512n < found.size,
  'an empty file': ({ found }) => found.isFile() && found.size === 0n,
  'a fifo': ({ found }) => found.isFIFO(),
  'a link to nowhere': ({ found, path }) => found.isSymbolicLink() && !existsSync(path),
  'a file that nobody may read': ({ found }) => found.isFile() && (found.mode & 0o777n) === 0n,
  'a directory that nobody may enter': ({ found }) => found.isDirectory() && (found.mode & 0o777n) === 0n,
  'a sticky directory': ({ found }) => found.isDirectory() && (found.mode & 0o1000n) !== 0n,
  'another owner': ({ found }) => found.uid !== 0n && found.uid !== found.gid,
  'a time finer than a microsecond': ({ found }) => found.mtimeNs % 1_000n !== 0n,
  'a time before 1970': ({ found }) => found.mtimeNs < 0n,
};

/** In how many entries of a tree each kind is. As root, who sees all. */
export function countKinds(root: string): Record<string, number> {
  const counts = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, 0]));
  const visit = (directory: Buffer) => {
    for (const name of readdirSync(directory, { encoding: 'buffer' })) {
      const path = Buffer.concat([directory, Buffer.from('/'), name]);
      const entry = { name, path, found: lstatSync(path, { bigint: true }) };
      for (const [kind, isOf] of Object.entries(KINDS))
        if (isOf(entry)) counts[kind] = (counts[kind] ?? 0) + 1;
      if (entry.found.isDirectory()) visit(path);
    }
  };
  visit(Buffer.from(root));
  return counts;
}
