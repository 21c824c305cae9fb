import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { ROOT, TestSystem, type Outcome } from '../harness/system.ts';
import { temporaryDir } from '../harness/temporary-dir.ts';
import { ended, expectWords, startBackup } from './faults.fixture.ts';

const isRoot = process.getuid?.() === 0;

/** A daemon that is expected to end by itself. */
async function runDaemon(stateDir: string, env: Record<string, string> = {}): Promise<Outcome> {
  const args = [join(ROOT, 'dist', 'olares-backupd.mjs'), '--state-dir', stateDir, '--http', 'off'];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...said };
}

test('a second agent on the same state directory ends with words; the first goes on', async () => {
  await using system = await TestSystem.start();
  const second = await runDaemon(system.stateDir);
  expect(second.code).toBe(1);
  expect(second.stderr).toContain(`another agent uses this state directory (pid ${system.daemonPid})`);
  expect(second.stderr).toContain('--state-dir');
  expectWords(second);
  expect((await system.cli(['status'])).code).toBe(0);
});

test.skipIf(!isRoot)('the state directory of another user is left alone', async () => {
  using dir = temporaryDir('foreign');
  const stateDir = join(dir.path, 'agent');
  mkdirSync(stateDir, { mode: 0o700 });
  chownSync(stateDir, 65_534, 65_534);
  const outcome = await runDaemon(stateDir);
  expect(outcome.code).toBe(78);
  expect(outcome.stderr).toMatch(/belongs to user 65534, not 0/);
  expect(outcome.stderr).toMatch(/chown|--state-dir/);
  expectWords(outcome);
});

test('a state directory where nothing can be made ends it at once, with words', async () => {
  const outcome = await runDaemon('/proc/agent');
  expect(outcome.code).toBe(78);
  expect(outcome.stderr).toContain(
    "the state directory /proc/agent can't be used: nothing can be made there",
  );
  expect(outcome.stderr).toContain('--state-dir');
  expectWords(outcome);
});

test('a database of a newer agent is refused and stays as it is', async () => {
  await using system = await TestSystem.start();
  await system.stopDaemon();
  const path = join(system.stateDir, 'agent.db');
  const db = new Database(path);
  db.pragma('user_version = 999');
  db.pragma('journal_mode = DELETE');
  db.close();
  const before = readFileSync(path);
  const outcome = await runDaemon(system.stateDir);
  expect(outcome.code).toBe(78);
  expect(outcome.stderr).toMatch(/written by a newer agent: its schema is version 999/);
  expect(outcome.stderr).toMatch(/install the newer agent/);
  expectWords(outcome);
  expect(readFileSync(path).equals(before)).toBe(true);
});

test.each([
  ['missing', undefined, /cannot be run/],
  [
    'too old',
    'echo \'{"message_type":"version","version":"0.17.3","go_version":"go1.23"}\'',
    /restic 0\.17\.3 .*cannot be used/,
  ],
  [
    'the one release that mixes its output',
    'echo \'{"message_type":"version","version":"0.19.0","go_version":"go1.25"}\'',
    /restic 0\.19\.0 .*cannot be used/,
  ],
  ['no restic at all', 'echo hello', /is no restic we can use/],
])('restic is %s: exit 69 in words', async (_what, script, words) => {
  using dir = temporaryDir('unfit');
  const program = join(dir.path, 'restic');
  if (script !== undefined) {
    writeFileSync(program, `#!/bin/sh\n${script}\n`);
    chmodSync(program, 0o755);
  }
  const outcome = await runDaemon(join(dir.path, 'agent'), { RESTIC_BIN: program });
  expect(outcome.code).toBe(69);
  expect(outcome.stderr).toMatch(words);
  expect(outcome.stderr).toMatch(/0\.18\.1 or newer/);
  expectWords({ ...outcome, stdout: '' });
});

test('a full disk under the state directory: said in words, nothing lost, well again with space', async (context) => {
  using dir = temporaryDir('full');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m,mode=700', 'tmpfs', dir.path], { stdio: 'ignore' });
  } catch {
    return context.skip('this user may not mount');
  }
  try {
    await using system = await TestSystem.start({ stateDir: join(dir.path, 'agent') });
    const source = system.folder('source');
    writeFileSync(join(source, 'letter'), 'dear reader');
    const plan = await system.addPlan('documents', [source], ['--location', join(system.dir, 'backups')]);
    const filler = join(dir.path, 'filler');
    fillUp(filler);
    const outcome = await refusedForSpace(system, plan.name);
    expect(outcome.code).toBe(14);
    expect(outcome.stderr).toMatch(/disk is full/);
    expect(outcome.stderr).toMatch(/free some space/);
    expectWords(outcome);
    // Looking still works, and so does all once there is room.
    expect((await system.cli(['status'])).code).toBe(0);
    rmSync(filler);
    const { id } = await startBackup(system, plan.name);
    expect(await ended(system, id)).toMatchObject({ state: 'succeeded' });
    await system.killDaemon();
    await system.startDaemon();
    const { conditions } = await system.api.call('getStatus');
    expect(conditions.map(({ code }) => code)).not.toContain('database_recovered');
  } finally {
    execFileSync('umount', [dir.path]);
  }
});

/** The database has pages to spare for a while; some request finds none. */
async function refusedForSpace(system: TestSystem, plan: string): Promise<Outcome> {
  for (let tries = 0; tries < 200; tries++) {
    const outcome = await system.cli(['plan', 'edit', plan, '--exclude', `${'x'.repeat(20_000)}${tries}`]);
    if (outcome.code !== 0) return outcome;
  }
  throw new Error('the disk never was full');
}

function fillUp(path: string): void {
  for (let size = 2 ** 20; size >= 512; size /= 2) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
    } catch {
      // Full for pieces of this size; smaller ones may fit.
    }
  }
}
