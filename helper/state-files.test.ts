import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createPrivateFileSync } from './state-files.ts';

it.runIf(process.geteuid?.() === 0)('says that a file does not fit, also when a part of it does', () => {
  const folder = mkdtempSync(join(tmpdir(), 'state-files-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
  try {
    writeFileSync(join(folder, 'filler'), Buffer.alloc(12 * 4096));
    expect(() => createPrivateFileSync(join(folder, 'list'), 'x'.repeat(10 * 4096))).toThrow('ENOSPC');
  } finally {
    execFileSync('umount', [folder]);
    rmSync(folder, { recursive: true });
  }
});
