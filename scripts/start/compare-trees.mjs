// Compares two directory trees bit for bit: names as bytes, types, content, modes, owners, times, links, xattrs.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, lstatSync, readdirSync, readlinkSync } from 'node:fs';

const SLASH = Buffer.from('/');

/**
 * @param ignore paths (relative, as text) whose subtree is left out on the left side
 * @param setIds false: a file may have lost its setuid and setgid bits, as a restore leaves them out
 * @returns the number of entries compared and the differences in words, at most 50
 */
export async function compareTrees(
  left,
  right,
  { ignore = [], owners = process.getuid?.() === 0, setIds = true } = {},
) {
  const differences = [];
  const links = { left: new Map(), right: new Map() };
  let entries = 0;
  const differ = (path, what) => differences.length < 50 && differences.push(`${path || '.'}: ${what}`);
  const walk = async (relative) => {
    const shown = relative.toString('utf8');
    if (ignore.includes(shown)) return;
    entries += 1;
    const [a, b] = [statOf(left, relative), statOf(right, relative)];
    if (!b) return void differ(shown, 'is missing');
    compareMetadata(a, b, { owners, setIds }, (what) => differ(shown, what));
    if (!isLinkedAlike({ a, b, shown, links })) differ(shown, 'is no hard link of what it was');
    if (a.isSymbolicLink() && !linkOf(left, relative).equals(linkOf(right, relative)))
      differ(shown, 'links elsewhere');
    if (a.isFile() && (await hashOf(left, relative)) !== (await hashOf(right, relative)))
      differ(shown, 'has other content');
    if (a.isDirectory()) await compareChildren(relative, shown);
  };
  const compareChildren = async (relative, shown) => {
    const names = namesOf(left, relative);
    const known = new Set(names.map(String));
    for (const name of namesOf(right, relative))
      if (!known.has(String(name))) differ(`${shown}/${name}`, 'was not in the source');
    for (const name of names)
      await walk(relative.length === 0 ? name : Buffer.concat([relative, SLASH, name]));
  };
  await walk(Buffer.alloc(0));
  for (const what of compareXattrs(left, right)) differ('', what);
  return { entries, differences };
}

const pathOf = (base, relative) => Buffer.concat([Buffer.from(base), SLASH, relative]);
const statOf = (base, relative) => lstatSync(pathOf(base, relative), { bigint: true, throwIfNoEntry: false });
const linkOf = (base, relative) => readlinkSync(pathOf(base, relative), { encoding: 'buffer' });
const namesOf = (base, relative) =>
  readdirSync(pathOf(base, relative), { encoding: 'buffer' }).sort(Buffer.compare);

function compareMetadata(a, b, { owners, setIds }, differ) {
  if ((a.mode & 0o170000n) !== (b.mode & 0o170000n)) return differ('is another kind of file');
  if (!isModeAlike(a, b, setIds))
    differ(`mode ${(a.mode & 0o7777n).toString(8)} became ${(b.mode & 0o7777n).toString(8)}`);
  if (a.mtimeNs !== b.mtimeNs) differ(`time ${a.mtimeNs} became ${b.mtimeNs}`);
  if (a.isFile() && a.size !== b.size) differ(`size ${a.size} became ${b.size}`);
  if (owners && (a.uid !== b.uid || a.gid !== b.gid))
    differ(`owner ${a.uid}:${a.gid} became ${b.uid}:${b.gid}`);
  return undefined;
}

const isModeAlike = (a, b, setIds) =>
  a.mode === b.mode || (!setIds && a.isFile() && (a.mode & ~0o6000n) === b.mode);

/** Names that shared a file must share one again, and only those. */
function isLinkedAlike({ a, b, shown, links }) {
  if (!a.isFile() || a.nlink === 1n) return true;
  const firstOf = (seen, ino) => {
    if (!seen.has(ino)) seen.set(ino, shown);
    return seen.get(ino);
  };
  return firstOf(links.left, a.ino) === firstOf(links.right, b.ino);
}

function hashOf(base, relative) {
  return new Promise((resolve, reject) => {
    const hash = createHash('sha256');
    createReadStream(pathOf(base, relative))
      .on('error', reject)
      .on('data', (chunk) => hash.update(chunk))
      .on('end', () => resolve(hash.digest('hex')));
  });
}

/** Only where getfattr is there; user xattrs and ACLs of the whole tree as one text. */
function compareXattrs(left, right) {
  const [a, b] = [xattrsOf(left), xattrsOf(right)];
  return a === b ? [] : ['extended attributes differ'];
}

function xattrsOf(base) {
  try {
    return execFileSync(
      'getfattr',
      ['-R', '-P', '-h', '-d', '-m', '^(user|system.posix_acl)', '--absolute-names', '.'],
      {
        cwd: base,
        encoding: 'utf8',
        maxBuffer: 256 * 1024 * 1024,
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
  } catch (error) {
    if (error.code === 'ENOENT') return 'getfattr is not installed';
    throw error;
  }
}
