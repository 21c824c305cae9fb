import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { namesIn, processesOf } from '../harness/process-table.ts';
import { locksOf } from '../harness/stock-restic.ts';
import { ROOT, TestSystem } from '../harness/system.ts';
import { temporaryDir } from '../harness/temporary-dir.ts';
import { ended, fill, jobOf, moving, startBackup } from './faults.fixture.ts';

const LONGEST_STOP_MS = 25_000;

test('SIGTERM in mid-backup ends restic politely, leaves no secret, and the job goes on after the start', async () => {
  await using system = await TestSystem.paired({ config: { limits: { uploadKiBPerSecond: 1_500 } } });
  const source = system.folder('source');
  fill(source, 12);
  const plan = await system.addPlan('documents', [source]);
  const { id } = await startBackup(system, plan.name);
  const run = await moving(system, id);
  expect(await locksOf(system, plan)).toHaveLength(1);

  const began = performance.now();
  expect(await system.stopDaemon()).toBe(0);
  expect(performance.now() - began).toBeLessThan(LONGEST_STOP_MS);
  expect(processesOf(system.stateDir)).toEqual([]);
  expect(existsSync(`/proc/${run.resticPid}`)).toBe(false);
  expect(await locksOf(system, plan)).toEqual([]);
  // Sockets, run files, tokens: what is there only while the agent runs.
  expect(namesIn(system.runDir).filter((name) => name !== 'helpers')).toEqual([]);
  expect(namesIn(join(system.runDir, 'helpers'))).toEqual([]);
  expect(namesIn(join(system.stateDir, 'tmp'))).toEqual([]);

  await system.startDaemon();
  expect(await ended(system, id)).toMatchObject({ state: 'succeeded', result: { filesTotal: 12 } });
});

test('SIGTERM at once after an acknowledged request loses nothing', async () => {
  await using system = await TestSystem.start();
  const source = system.folder('source');
  fill(source, 1);
  const plan = await system.addPlan('documents', [source], ['--location', join(system.dir, 'backups')]);
  const { id } = await startBackup(system, plan.name);
  expect(await system.stopDaemon()).toBe(0);
  await system.startDaemon();
  expect(await ended(system, id)).toMatchObject({ state: 'succeeded' });
  expect((await jobOf(system, id)).result).toMatchObject({ filesTotal: 1 });
});

test('SIGTERM before the first request ends with 0, and so does a second one in between', async () => {
  await using system = await TestSystem.start();
  const began = performance.now();
  process.kill(system.daemonPid, 'SIGTERM');
  process.kill(system.daemonPid, 'SIGTERM');
  expect(await system.stopDaemon()).toBe(0);
  expect(performance.now() - began).toBeLessThan(LONGEST_STOP_MS);
  expect(processesOf(system.stateDir)).toEqual([]);
});

test('SIGTERM at any moment of the start ends in order and leaves a state that starts again', async () => {
  using dir = temporaryDir('stopped');
  const stateDir = join(dir.path, 'agent');
  const outcomes: unknown[] = [];
  let complaints = '';
  for (let afterMs = 0; afterMs <= 400; afterMs += 25) {
    const child = startBare(stateDir);
    child.stderr?.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    const end = once(child, 'close') as Promise<[number | null, string | null]>;
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    child.kill('SIGTERM');
    const [code, signal] = await end;
    outcomes.push(code ?? signal);
  }
  // Before our program listens for it the signal ends Node itself, which is just as well.
  expect(outcomes.filter((outcome) => outcome !== 0 && outcome !== 'SIGTERM')).toEqual([]);
  expect(complaints).toBe('');
  expect(processesOf(stateDir)).toEqual([]);

  const last = startBare(stateDir);
  let said = '';
  last.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await eventually(() => said.includes('"ready":true'), 'a ready agent');
  const end = once(last, 'exit');
  last.kill('SIGTERM');
  expect(await end).toEqual([0, null]);
});

function startBare(stateDir: string): ChildProcess {
  const args = [join(ROOT, 'dist', 'olares-backupd.mjs'), '--state-dir', stateDir, '--http', 'off'];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
}
