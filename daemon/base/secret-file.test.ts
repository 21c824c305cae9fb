import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { removeSecretFile, writeSecretFile } from './secret-file.ts';

it.runIf(process.geteuid?.() === 0)('is the former one as long as the new one does not fit', () => {
  const folder = mkdtempSync(join(tmpdir(), 'secret-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
  try {
    const path = join(folder, 'file');
    writeSecretFile(path, 'former');
    // Room for a part of it: the kernel writes that part and reports no error.
    writeFileSync(join(folder, 'filler'), Buffer.alloc(12 * 4096));
    expect(() => writeSecretFile(path, 'x'.repeat(10 * 4096))).toThrow('ENOSPC');
    expect(readFileSync(path, 'utf8')).toBe('former');
    expect(readdirSync(folder).sort()).toEqual(['file', 'filler']);
  } finally {
    execFileSync('umount', [folder]);
    rmSync(folder, { recursive: true });
  }
});

it('leaves no part of a secret behind when it cannot be put in place, or is removed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'secret-'));
  const path = join(folder, 'file');
  mkdirSync(join(path, 'in-the-way'), { recursive: true });
  expect(() => writeSecretFile(path, 'secret')).toThrow('EISDIR');
  expect(readdirSync(folder)).toEqual(['file']);
  rmSync(path, { recursive: true });
  writeFileSync(`${path}.new`, 'half a sec');
  removeSecretFile(path);
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});
