import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareStateDir } from './state-dir.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'state-dir-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a state directory', () => {
  it('is made with its parents, for its owner alone', () => {
    prepareStateDir(join(folder, 'a', 'b', 'c'));
    for (const made of ['a', 'a/b', 'a/b/c']) expect(lstatSync(join(folder, made)).mode & 0o777).toBe(0o700);
  });

  it.each([
    ['/proc/none', 'nothing can be made there'],
    ['/proc/none/deeper', 'nothing can be made there'],
    ['file/agent', 'a part of its path is a file'],
    ['file', 'is not a directory'],
  ])('is not %s', (given, words) => {
    writeFileSync(join(folder, 'file'), '');
    const path = given.startsWith('/') ? given : join(folder, given);
    expect(() => prepareStateDir(path)).toThrow(
      expect.objectContaining({ code: 'config_invalid', message: expect.stringContaining(words) }),
    );
  });

  it.runIf(process.geteuid?.() === 0)('is not on a read-only file system, made or to be made', () => {
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', disk]);
    try {
      mkdirSync(join(disk, 'agent'), { mode: 0o700 });
      execFileSync('mount', ['-o', 'remount,ro', disk]);
      for (const name of ['agent', 'other'])
        expect(() => prepareStateDir(join(disk, name))).toThrow(
          expect.objectContaining({ code: 'config_invalid', message: expect.stringContaining('read only') }),
        );
    } finally {
      execFileSync('umount', [disk]);
    }
  });
});
