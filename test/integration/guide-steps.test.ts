import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTerminal, type Terminal } from '../../cli/test-support/terminal.ts';
import type { BackupResult, Job } from '../../contract/index.ts';
import { formatBackupUrl } from '../../daemon/restore/backup-url.ts';
import { SpaceFaults } from '../../space/faults.ts';
import { eventually } from '../harness/eventually.ts';
import { PASSWORD, ROOT, TestSystem } from '../harness/system.ts';

const KIB_PER_SECOND = 2_000;
const BIG_BYTES = 9_000_000;

let system: TestSystem;
let source: string;
let disk: string;
let hasSmallDisk = false;
let backupUrl: string;
/** Holds what restic asks for, so that a restore lasts. */
const storage = { isHeld: false, isAsked: false };
const faults = new SpaceFaults();
faults.storage = {
  before({ operation, key }) {
    if (!storage.isHeld || operation !== 'GetObject' || !key.includes('/data/')) return undefined;
    storage.isAsked = true;
    return { delayMs: 10_000 };
  },
};
beforeAll(async () => {
  system = await TestSystem.paired({ faults, config: { limits: { downloadKiBPerSecond: KIB_PER_SECOND } } });
  source = system.folder('source');
  mkdirSync(join(source, 'letters'));
  writeFileSync(join(source, 'letters', 'to reader.txt'), 'dear reader');
  writeFileSync(join(source, 'big'), randomBytes(BIG_BYTES));
  const { repository } = await system.addPlan('photos', [source]);
  const { result } = await system.json<Job>(['backup', 'photos']);
  const { snapshotId } = result as BackupResult;
  const address = String(repository?.address);
  backupUrl = formatBackupUrl({ address, snapshotId, snapshotAt: Date.now(), backupPath: source });
  disk = system.folder('disk');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk], { stdio: 'ignore' });
    hasSmallDisk = true;
  } catch {
    // No right to: then that step cannot be tested here.
  }
});
afterAll(async () => {
  if (hasSmallDisk) execFileSync('umount', [disk]);
  await system[Symbol.asyncDispose]();
});

const command = (...args: string[]): string =>
  [process.execPath, join(ROOT, 'dist/olares-backup.mjs'), '--state-dir', system.stateDir, ...args].join(' ');

/** Goes through questions: the key presses are given for each. */
async function answer(terminal: Terminal, steps: readonly (readonly [string | RegExp, ...string[]])[]) {
  for (const [question, ...keys] of steps) {
    const screen = await terminal.shows(question);
    if (process.env['SHOW_SCREENS']) console.log(`${screen.trimEnd()}\n=====`);
    for (const key of keys) {
      if (key.startsWith('text:')) terminal.type(key.slice(5));
      else terminal.press(key);
    }
  }
}

async function ends(terminal: Terminal): Promise<string> {
  const screen = await terminal.shows('exit=');
  if (process.env['SHOW_SCREENS']) console.log(`${screen.trimEnd()}\n=====`);
  return screen;
}

const leftBehind = () => readdirSync(tmpdir()).filter((name) => name.startsWith('olares-backup-fg-'));

/** The shell around it must outlive the key, which goes to both. */
const restoring = (target: string): Terminal =>
  openTerminal(`trap : INT; ${command('restore', 'latest', '--plan', 'photos', '--target', `"${target}"`)}`);

test('no room leads to fewer files, found by searching and walking through the snapshot', async (context) => {
  context.skip(!hasSmallDisk);
  using terminal = openTerminal(command('restore'));
  await answer(terminal, [
    ['What do you want to restore?', 'Enter'],
    ['Which snapshot?', 'Enter'],
    ['What of it?', 'Enter'],
    ['Where to?', 'Down', 'Enter'],
    ['Directory', `text:${join(disk, 'few')}`, 'Enter'],
    [/has no room[^]*free .* more there[^]*What shall be different/, 'Down', 'Enter'],
    ['What of it?', 'Down', 'Enter'],
    [/Which files and directories[^]*letters\//, 'Right'],
    ['to reader.txt', 'Left'],
    [/big/, '/', 'text:reader'],
    ['Search the snapshot for: reader', 'Enter'],
    [/found for "reader"[^]*to reader.txt/, 'Space'],
    ['1 chosen', 'Enter'],
    [/1 file, 11 B[^]*Go on\?/, 'Enter'],
    [/Password of photos .*5 tries left/, `text:${PASSWORD}`, 'Enter'],
  ]);
  const screen = await ends(terminal);
  expect(screen).toContain('Restored 1 file, 11 B');
  expect(readFileSync(join(disk, 'few/letters/to reader.txt'), 'utf8')).toBe('dear reader');
  expect(existsSync(join(disk, 'few/big'))).toBe(false);
});

test('an expired code leads to its snapshot, and wrong passwords are counted', async () => {
  const made = await system.api.call('listRequests', { query: { all: true } });
  const code = String(made[0]?.code);
  const database = new Database(join(system.stateDir, 'agent.db'));
  database
    .prepare("UPDATE requests SET state = 'opened', job_id = NULL, expires_at = 1 WHERE code = ?")
    .run(code);
  database.close();
  using terminal = openTerminal(command('restore', code));
  await answer(terminal, [
    [/is expired[^]*How to go on/, 'Enter'],
    [/Password of photos .*5 tries left/, 'text:wrong one', 'Enter'],
    [/Wrong password[^]*Password of photos .*4 tries left/, 'text:wrong two', 'Enter'],
    [/Password of photos .*3 tries left/, 'text:wrong three', 'Enter'],
    [/Password of photos .*2 tries left/, 'C-c'],
  ]);
  expect(await ends(terminal)).toContain('exit=130');
});

test('a window that is closed leaves the restore running, and another one joins it', async () => {
  const target = join(system.dir, 'closed');
  const args = ['restore', 'latest', '--plan', 'photos', '--target', target];
  {
    using terminal = openTerminal(command(...args));
    await answer(terminal, [
      ['Password of photos', `text:${PASSWORD}`, 'Enter'],
      [/joins it again[^]*downloading/],
    ]);
  }
  const [job] = await system.api.call('listJobs', { query: {} });
  using other = openTerminal(command('job', 'watch', String(job?.id)));
  expect(await ends(other)).toContain('Restored 2 files');
  expect(readdirSync(target).toSorted()).toEqual(['big', 'letters']);
});

test('one Ctrl-C stops a restore cleanly and says what became of the target', async () => {
  const target = join(system.dir, 'stopped');
  using terminal = restoring(target);
  await answer(terminal, [
    ['Password of photos', `text:${PASSWORD}`, 'Enter'],
    ['downloading', 'C-c'],
    ['Ctrl-C again now to leave it running'],
    ['Asking for a clean stop'],
  ]);
  const screen = await ends(terminal);
  expect(screen).toContain(`the restore was cancelled; ${target} was not made`);
  expect(screen).toContain('exit=130');
  expect(readdirSync(system.dir).filter((name) => /stopped|olares-restore/.test(name))).toEqual([]);
});

test('two Ctrl-C leave the view, the restore goes on, and `job watch` joins it', async () => {
  const target = join(system.dir, 'left alone');
  using terminal = restoring(target);
  await answer(terminal, [
    ['Password of photos', `text:${PASSWORD}`, 'Enter'],
    ['downloading', 'C-c'],
    ['Ctrl-C again now to leave it running', 'C-c'],
  ]);
  const screen = await ends(terminal);
  expect(screen).toContain('left the view; the restore goes on by itself');
  const [, watch = ''] =
    /olares-backup (job watch \S+)/.exec(screen.slice(screen.indexOf('left the view'))) ?? [];
  using other = openTerminal(command(...watch.split(' ')));
  expect(await ends(other)).toContain('Restored 2 files');
  expect(readdirSync(target).toSorted()).toEqual(['big', 'letters']);
});

test('without an agent one Ctrl-C ends the restore and its agent, and leaves nothing', async () => {
  const before = leftBehind();
  const target = join(system.dir, 'elsewhere');
  const { code } = system.space.createPairingCode('alice@olares.com');
  const place = ['--foreground', '--target', target, '--space', system.space.url, '--code', code];
  storage.isHeld = true;
  using terminal = openTerminal(`trap : INT; ${command('restore', backupUrl, ...place)}`);
  await answer(terminal, [
    [/Password .*tries left/, `text:${PASSWORD}`, 'Enter'],
    ['Ctrl-C stops it cleanly and leaves nothing'],
  ]);
  await eventually(() => storage.isAsked, 'restic asks for files');
  terminal.press('C-c');
  const screen = await ends(terminal);
  storage.isHeld = false;
  expect(screen).toContain(`the restore was cancelled; ${target} was not made`);
  expect(screen).not.toContain('joins it again');
  expect(readdirSync(system.dir).filter((name) => /elsewhere|olares-restore/.test(name))).toEqual([]);
  expect(leftBehind()).toEqual(before);
});

test('in place deletes what is extra only for a typed word, and undo brings it back', async () => {
  writeFileSync(join(source, 'letters', 'to reader.txt'), 'changed');
  writeFileSync(join(source, 'mine'), 'mine');
  using terminal = openTerminal(command('restore', '--plan', 'photos'));
  await answer(terminal, [
    ['Which snapshot?', 'Enter'],
    ['What of it?', 'Enter'],
    ['Where to?', 'Down', 'Down', 'Enter'],
    ['Files that are there already?', 'Enter'],
    ['1 file there that the snapshot does not have?', 'Down', 'Enter'],
    [/~ letters\/to reader.txt[^]*- mine[^]*Go on\?/, 'Enter'],
    ['Type DELETE to remove 1 file', 'text:DELETE', 'Enter'],
    ['Take a snapshot of photos as it is now, before it is replaced? (Y/n)', 'Enter'],
    [/Snapshot taken: \S+ of photos[^]*3 files[^]*Password of photos/, `text:${PASSWORD}`, 'Enter'],
  ]);
  const screen = await ends(terminal);
  expect(screen).toMatch(/1 there only, deleted/);
  expect(existsSync(join(source, 'mine'))).toBe(false);
  const [undo = ''] = /request undo \S+/.exec(screen) ?? [];
  await system.done([...undo.split(' '), '--yes']);
  expect(readFileSync(join(source, 'mine'), 'utf8')).toBe('mine');
  expect(readFileSync(join(source, 'letters', 'to reader.txt'), 'utf8')).toBe('changed');
});
