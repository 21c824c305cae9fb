import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

const INVALID_UTF8 = Buffer.from([0x62, 0xff, 0xfe, 0x64]);

/** Whether this machine has the tools to set and read extended attributes. */
export const hasAttributeTools = ['setfattr', 'getfattr'].every((tool) => {
  try {
    execFileSync(tool, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    // Not installed: that part of the tree is left out.
    return false;
  }
});

/** A tree of all that file systems can hold and backups get wrong. */
export function makeOddTree(root: string): void {
  mkdirSync(join(root, 'sub', 'empty'), { recursive: true });
  const names = [
    'plain',
    'two words',
    'new\nline',
    '-rf',
    '--help',
    'a*b',
    'aXb',
    '[x]',
    'x',
    '?',
    'back\\slash',
    'ü',
    '$HOME',
    '#c',
    'n'.repeat(255),
  ];
  for (const name of names) writeFileSync(join(root, name), `content of ${name}`);
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), INVALID_UTF8]), 'bytes');
  writeFileSync(join(root, 'sub', 'big'), Buffer.alloc(1_500_000, 'abc'));
  linkSync(join(root, 'sub', 'big'), join(root, 'sub', 'other name of big'));
  symlinkSync('/etc/hostname', join(root, 'absolute'));
  symlinkSync('nowhere', join(root, 'dangling'));
  execFileSync('mkfifo', [join(root, 'fifo')]);
  const sparse = openSync(join(root, 'sparse'), 'w');
  writeSync(sparse, 'end', 3_000_000);
  ftruncateSync(sparse, 4_000_000);
  closeSync(sparse);
  if (hasAttributeTools) execFileSync('setfattr', ['-n', 'user.note', '-v', 'kept', join(root, 'plain')]);
  chmodSync(join(root, 'x'), 0o000);
  chmodSync(join(root, 'sub', 'empty'), 0o1777);
  chmodSync(join(root, 'sub'), 0o2750);
  execFileSync('touch', ['-d', '2001-02-03 04:05:06.123456789', join(root, 'plain')]);
  lutimesSync(join(root, 'dangling'), 1_000, 1_000);
  // As text: Node takes a number below zero for now.
  utimesSync(join(root, 'aXb'), '-1000', '-1000');
  execFileSync('touch', ['-d', '2011-12-13 14:15:16.987654321', root]);
}

/** One line for everything about each entry of a tree, its root included; equal lines mean equal trees. */
export function describeTree(root: string): string[] {
  const inodes = new Map<bigint, string>();
  const lines: string[] = [];
  const visit = (path: Buffer) => {
    const found = lstatSync(path, { bigint: true });
    const name = path.subarray(Buffer.byteLength(root)).toString('latin1');
    const content = found.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : '';
    const link = found.isSymbolicLink() ? readlinkSync(path, 'latin1') : '';
    const firstName = inodes.get(found.ino) ?? name;
    if (!found.isDirectory()) inodes.set(found.ino, firstName);
    const size = found.isDirectory() ? 0n : found.size;
    lines.push(
      [
        name,
        found.mode.toString(8),
        found.uid,
        found.gid,
        size,
        found.mtimeNs,
        link,
        content,
        firstName,
      ].join('|'),
    );
    if (found.isDirectory()) {
      const names = readdirSync(path, { encoding: 'buffer' }).toSorted(Buffer.compare);
      for (const entry of names) visit(Buffer.concat([path, Buffer.from('/'), entry]));
    }
  };
  visit(Buffer.from(root));
  return [...lines, ...attributes(root)];
}

function attributes(root: string): string[] {
  if (!hasAttributeTools) return [];
  return execFileSync('getfattr', ['-R', '-h', '-d', '-m', 'user', '.'], {
    cwd: root,
    encoding: 'utf8',
  }).split('\n');
}
