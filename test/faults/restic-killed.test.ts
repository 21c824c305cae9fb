import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { namesIn, processesOf } from '../harness/process-table.ts';
import { locksOf, resticPath, stockEnvironment, stockRestic } from '../harness/stock-restic.ts';
import { TestSystem } from '../harness/system.ts';
import { ended, expectWords, fill, jobOf, moving, startBackup } from './faults.fixture.ts';

const isRoot = process.getuid?.() === 0;
const QUICK = { jobs: { retryBaseMs: 500, retryMaxMs: 1_000 } };

test('restic killed alone: said in words, tried again, and its lock is in nobody’s way', async () => {
  const limits = { uploadKiBPerSecond: 3_000 };
  await using system = await TestSystem.start({
    config: { limits, jobs: { retryBaseMs: 4_000, retryMaxMs: 4_000 } },
  });
  const source = system.folder('source');
  fill(source, 12);
  const plan = await system.addPlan('documents', [source], ['--location', join(system.dir, 'backups')]);
  const { id } = await startBackup(system, plan.name);
  const { resticPid } = await moving(system, id);
  process.kill(resticPid, 'SIGKILL');

  const waiting = await eventually(async () => {
    const job = await jobOf(system, id);
    return job.state === 'waiting' && job;
  }, 'the job waiting for its next try');
  expect(waiting.reason).toMatch(/restic was ended from outside/);
  expect(await locksOf(system, plan)).toHaveLength(1);
  const shown = await system.cli(['job', 'show', id]);
  expect(shown.stdout).toContain('restic was ended from outside');
  expectWords(shown);
  // Nothing is lost, but it is not fine either.
  const { level, sentence } = await system.api.call('getStatus');
  expect(level).not.toBe('good');
  expect(sentence).toMatch(/The backup of "documents" will be tried again: restic was ended from outside/);

  expect(await ended(system, id)).toMatchObject({ state: 'succeeded', attempt: 2 });
  expect(await locksOf(system, plan)).toEqual([]);
  expect(await stockRestic(system, plan, ['check'])).toMatchObject({ code: 0 });
});

test('the live lock of another machine: waited for in words, never removed, done when it is gone', async () => {
  await using system = await TestSystem.start({ config: QUICK });
  const source = system.folder('source');
  fill(source, 1);
  const plan = await system.addPlan('documents', [source], ['--location', join(system.dir, 'backups')]);
  await system.done(['backup', plan.name]);
  const other = spawnElsewhere(
    ['check', '--read-data', '--limit-download=1'],
    await stockEnvironment(system, plan),
  );
  const gone = once(other, 'exit');
  try {
    await eventually(async () => (await locksOf(system, plan)).length === 1, 'the foreign lock', 20_000);
    other.kill('SIGSTOP');
    const second = await startBackup(system, plan.name);
    const again = await startBackup(system, plan.name);
    expect(again.id).toBe(second.id);
    const waiting = await eventually(
      async () => {
        const job = await jobOf(system, second.id);
        return job.state === 'waiting' && job;
      },
      'the job waiting for the lock',
      60_000,
    );
    expect(waiting.error).toMatchObject({ code: 'repository_locked' });
    expect(waiting.reason).toMatch(/the repository is locked by process \d+ on /);
    const holder = isRoot ? 'another-machine' : hostname();
    expect(waiting.reason).toContain(holder);
    expectWords(await system.cli(['job', 'show', second.id]));
    expect(await locksOf(system, plan)).toHaveLength(1);
    other.kill('SIGKILL');
    await gone;
    // What another machine left is its own to remove.
    expect(await stockRestic(system, plan, ['unlock', '--remove-all'])).toMatchObject({ code: 0 });
    // A person who asks again means now.
    expect((await startBackup(system, plan.name)).id).toBe(second.id);
    expect(await ended(system, second.id)).toMatchObject({ state: 'succeeded' });
  } finally {
    other.kill('SIGKILL');
    await gone;
  }
});

/** restic with an exclusive lock; as root under another host name, so that nobody can tell whether it lives. */
function spawnElsewhere(args: string[], env: Record<string, string>): ChildProcess {
  const restic = [resticPath(), ...args];
  const renamed = ['--uts', 'sh', '-c', 'hostname another-machine && exec "$@"', 'sh', ...restic];
  const [program = '', ...rest] = isRoot ? ['unshare', ...renamed] : restic;
  return spawn(program, rest, { env, stdio: 'ignore' });
}

test('the helper killed: its restic ends with it, no token of it stays, and a next try succeeds', async () => {
  const limits = { uploadKiBPerSecond: 3_000 };
  await using system = await TestSystem.paired({ config: { ...QUICK, limits } });
  const source = system.folder('source');
  fill(source, 8);
  const plan = await system.addPlan('documents', [source]);
  const { id } = await startBackup(system, plan.name);
  const { pid, resticPid } = await moving(system, id);
  process.kill(pid, 'SIGKILL');
  const job = await ended(system, id);
  expect(job.state).toBe('succeeded');
  // The next try waits for the restic that is ending, so it never meets its lock.
  expect(job.attempt).toBe(2);
  expect(processesOf(system.stateDir).filter((seen) => seen.pid === resticPid)).toEqual([]);
  expect(namesIn(system.runDir).filter((name) => name.endsWith('.token'))).toEqual([]);

  // The same with nobody left to tidy up but the next start.
  fill(source, 8, 'more');
  const second = await startBackup(system, plan.name);
  const run = await moving(system, second.id);
  await system.killDaemon();
  for (const victim of [run.pid, run.resticPid]) killIfThere(victim);
  await system.startDaemon();
  expect(await ended(system, second.id)).toMatchObject({ state: 'succeeded' });
  expect(namesIn(system.runDir).filter((name) => name.endsWith('.token'))).toEqual([]);
  expect(namesIn(join(system.runDir, 'helpers'))).toEqual([]);
});

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Its input ended with the daemon, and so did it.
  }
}
