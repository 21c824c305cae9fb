import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { canBeTyped, restoreCommand } from './restore-command.ts';

it('is the code alone, where nothing is chosen', () => {
  expect(restoreCommand('7F3K')).toBe('olares-backup restore 7F3K');
  expect(restoreCommand('7F3K; rm -rf /')).toBe('olares-backup restore 7F3Krm-rf');
});

it('names what is chosen, so that a shell reads each path as it is', () => {
  const include = ['/home/me/a', "/home/me/it's $(touch x) `y`", '/home/me/50% & more?', '/home/me/"q"'];
  const command = restoreCommand('7F3K', { inPlace: true, include });
  const words = execFileSync('/bin/sh', ['-c', `printf '%s\\n' ${command.replace('olares-backup ', '')}`], {
    encoding: 'utf8',
  });
  const wanted = ['restore', '7F3K', '--in-place', ...include.flatMap((path) => ['--include', path])];
  expect(words.trimEnd().split('\n')).toEqual(wanted);
});

it('leaves out a name that is not what it looks like', () => {
  for (const path of ['/a\nrm -rf /', '/a\u202Etxt', '/a\u001b[2J']) {
    expect(canBeTyped(path)).toBe(false);
    expect(restoreCommand('7F3K', { include: [path] })).toBe('olares-backup restore 7F3K');
  }
});
