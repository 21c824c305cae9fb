import { expect, it } from 'vitest';
import { canBeChosen, restoreCommand } from './restore-command.ts';

it('is the code alone: what was chosen is in the request', () => {
  expect(restoreCommand('7F3K')).toBe('olares-backup restore 7F3K');
  expect(restoreCommand('7F3K; rm -rf /')).toBe('olares-backup restore 7F3Krm-rf');
});

it('lets nobody choose a name that is not what it looks like', () => {
  expect(canBeChosen("/home/me/it's $(touch x)")).toBe(true);
  for (const path of ['/a\nrm -rf /', '/a\u202Etxt', '/a\u001b[2J', '/bad\ufffd'])
    expect(canBeChosen(path)).toBe(false);
});
