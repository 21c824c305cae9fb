import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeSecretFile } from './secret-file.ts';

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
  } finally {
    execFileSync('umount', [folder]);
    rmSync(folder, { recursive: true });
  }
});
