import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTerminal } from '../../cli/test-support/terminal.ts';
import type { Job } from '../../contract/index.ts';
import { compareTrees } from '../../scripts/start/compare-trees.mjs';
import { PASSWORD, ROOT, TestSystem } from '../harness/system.ts';

let system: TestSystem;
let source: string;
beforeAll(async () => {
  system = await TestSystem.paired({ config: { limits: { uploadKiBPerSecond: 500 } } });
  source = system.folder('source');
  writeFileSync(join(source, 'letter'), 'dear reader');
  await system.addPlan('photos', [source]);
  await system.done(['backup', 'photos']);
});
afterAll(async () => await system[Symbol.asyncDispose]());

const command = (...args: string[]): string =>
  [process.execPath, join(ROOT, 'dist/olares-backup.mjs'), '--state-dir', system.stateDir, ...args].join(' ');

test('restore without arguments leads through: snapshot, place, wrong password, right one, result', async () => {
  using terminal = openTerminal(command('restore'));
  for (const question of [
    'What do you want to restore?',
    'Which snapshot?',
    'What of it?',
    'Where to?',
    'Go on?',
  ]) {
    await terminal.shows(question);
    terminal.press('Enter');
  }
  await terminal.shows(/Password of photos .*5 tries left/);
  terminal.type('not the password');
  terminal.press('Enter');
  await terminal.shows('Wrong password. Nothing was downloaded or changed.');
  await terminal.shows(/Password of photos .*4 tries left/);
  terminal.type(PASSWORD);
  terminal.press('Enter');
  const screen = await terminal.shows('exit=');
  expect(screen).toMatch(/Restored 1 file, 11 B/);
  expect(screen).toContain('exit=0');
  expect(screen).not.toContain(PASSWORD);
  const [made] = readdirSync(system.dir).filter((name) => name.startsWith('source-restored-'));
  expect((await compareTrees(source, join(system.dir, String(made)))).differences).toEqual([]);
});

test('leaving the guide by Ctrl-C changes nothing and leaves nothing waiting', async () => {
  using terminal = openTerminal(
    command('restore', 'latest', '--plan', 'photos', '--target', join(system.dir, 'left')),
  );
  await terminal.shows('Password of photos');
  terminal.press('C-c');
  expect(await terminal.shows('exit=')).toContain('exit=130');
  expect(existsSync(join(system.dir, 'left'))).toBe(false);
  expect(await system.json(['request', 'list'])).toEqual([]);
});

test('one Ctrl-C during a backup is a clean stop', async () => {
  writeFileSync(join(source, 'big'), randomBytes(60_000_000));
  // The shell around it must outlive the key, which goes to both.
  using terminal = openTerminal(`trap : INT; ${command('backup', 'photos')}`);
  await terminal.shows('uploading');
  terminal.press('C-c');
  await terminal.shows('Asking for a clean stop');
  const screen = await terminal.shows('exit=');
  expect(screen).toContain('was cancelled');
  expect(screen).toContain('exit=130');
  const [job] = await system.json<Job[]>(['job', 'list']);
  expect(job).toMatchObject({ kind: 'backup', state: 'cancelled' });
});
