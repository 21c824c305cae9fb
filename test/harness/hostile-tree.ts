import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeOddTree } from '../../helper/testing/odd-tree.ts';

const HOLE_BYTES = 1024 ** 3;

/** Everything of the odd tree, and what costs time or needs a whole machine. @returns what could not be made here */
export function makeHostileTree(root: string): string[] {
  makeOddTree(root);
  writeFileSync(join(root, 'hole'), '');
  truncateSync(join(root, 'hole'), HOLE_BYTES);
  mkdirSync(join(root, 'closed'));
  writeFileSync(join(root, 'closed', 'inside'), 'in a directory without rights');
  deepDirectory(root);
  symlinkSync('x'.repeat(1000), join(root, 'long link'));
  symlinkSync(Buffer.from([0x2f, 0xff, 0xfe]), join(root, 'link to bytes'));
  for (let index = 0; index < 300; index += 1) writeFileSync(join(root, 'sub', `many ${index}`), `${index}`);
  execFileSync('touch', ['-h', '-d', '1969-12-31 23:59:59.999999999 UTC', join(root, 'dangling')]);
  execFileSync('touch', ['-d', '1901-12-14 00:00:00.000000001 UTC', join(root, 'hole')]);
  execFileSync('touch', ['-d', '2200-01-01 00:00:00.5 UTC', join(root, 'two words')]);
  const missing = [
    attempt('an ACL', 'setfacl', ['-m', 'u:12345:rw', join(root, 'plain')]),
    attempt('a default ACL', 'setfacl', ['-d', '-m', 'g:12345:rx', join(root, 'sub')]),
    attempt('a binary xattr', 'setfattr', ['-n', 'user.bytes', '-v', '0x00ff0a', join(root, 'ü')]),
    attempt('an xattr of a directory', 'setfattr', ['-n', 'user.dir', '-v', 'kept', join(root, 'sub')]),
  ];
  execFileSync('chmod', ['000', join(root, 'closed')]);
  return missing.filter((what) => what !== undefined);
}

function attempt(what: string, tool: string, args: string[]): string | undefined {
  try {
    execFileSync(tool, args, { stdio: 'ignore' });
    return undefined;
  } catch {
    // The tool is not installed, or the file system has no such thing: the test says what it did without.
    return what;
  }
}

/** Near the 4096 bytes that a path may have; restic leaves out what is beyond, and says so. */
function deepDirectory(root: string): void {
  const script = `cd "$1" && for n in $(seq 18); do mkdir "$2$n" && cd "$2$n" || exit 1; done && echo deep > file`;
  execFileSync('bash', ['-c', script, 'deep', root, 'd'.repeat(200)]);
}
