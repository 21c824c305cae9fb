import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { sameAsInstalled } from './packages.mjs';

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

interface Entry {
  version: string;
  integrity: string;
  optional?: boolean;
}
const entry = (version: string, optional?: boolean): Entry => ({
  version,
  integrity: `sha512-${version}`,
  ...(optional === undefined ? {} : { optional }),
});

function checkout(locked: Record<string, Entry>, installed?: Record<string, Entry>): string {
  const root = mkdtempSync(join(tmpdir(), 'packages-'));
  folders.push(root);
  const packages = { '': { name: 'x' }, ...locked };
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages }));
  if (installed) {
    mkdirSync(join(root, 'node_modules'));
    writeFileSync(join(root, 'node_modules', '.package-lock.json'), JSON.stringify({ packages: installed }));
  }
  return root;
}

const locked = { a: entry('1.0.0'), b: entry('2.0.0', true) };

it.each([
  ['the same', { ...locked }, true],
  ['the same but for another platform’s package', { a: entry('1.0.0') }, true],
  ['another version', { a: entry('1.0.1') }, false],
  ['one too many', { ...locked, c: entry('1.0.0') }, false],
  ['one too few', { b: entry('2.0.0', true) }, false],
])('installed packages that are %s count as in step or not', (_name, installed, same) => {
  expect(sameAsInstalled(checkout(locked, installed))).toBe(same);
});

it('nothing installed is out of step', () => {
  expect(sameAsInstalled(checkout(locked))).toBe(false);
});
