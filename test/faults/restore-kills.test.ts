import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { JOB_END_STATES, REQUEST_END_STATES, type RestoreRequest } from '../../contract/index.ts';
import { hashTree } from '../harness/hash-tree.ts';
import { eventually } from '../harness/eventually.ts';
import { helperRuns } from '../harness/process-table.ts';
import { ROOT, TestSystem } from '../harness/system.ts';
import { fill } from './faults.fixture.ts';

// `npm run proofs:restore -- kills NUMBER` runs the same with more.
const KILLS = Number(process.env['RESTORE_PROOFS'] ?? 3);
const VICTIMS = ['restic', 'helper', 'daemon', 'command'] as const;
const LONGEST_MS = 3_500;
const MEGABYTES = 30;

test(
  `${KILLS} restores in place, of which something is killed at a random moment: the old tree or the new one is whole`,
  async () => {
    const limits = { downloadKiBPerSecond: 15_000 };
    await using system = await TestSystem.start({
      config: { limits, jobs: { retryBaseMs: 500, retryMaxMs: 1_000 } },
    });
    const source = system.folder('source');
    fill(source, MEGABYTES);
    const plan = await system.addPlan('documents', [source], ['--location', join(system.dir, 'backups')]);
    await system.done(['backup', plan.name]);
    const fresh = hashTree(source);
    const ends: Record<string, number> = {};
    for (let run = 0; run < KILLS; run += 1) {
      rmSync(source, { recursive: true });
      mkdirSync(source);
      writeFileSync(join(source, 'noise-1'), 'old');
      const old = hashTree(source);
      const victim = VICTIMS[run % VICTIMS.length] ?? 'restic';
      const request = await killed(system, victim, Math.random() * LONGEST_MS);
      // It went on by itself, or may be begun again. Either way it is whole, and what is called done is done.
      const whole = request?.state === 'done' ? [fresh] : [old, fresh];
      expect(whole, `${victim}, ${request?.state}: ${request?.reason}`).toContain(hashTree(source));
      count(ends, `${victim}: ${request?.state ?? 'not begun'}`);
      clear(system.dir);
    }
    process.stdout.write(`${KILLS} killed restores: ${JSON.stringify(ends)}\n`);
  },
  60_000 + KILLS * 60_000,
);

/** @returns the request when all about it has ended, or undefined when it was never made */
async function killed(
  system: TestSystem,
  victim: string,
  afterMs: number,
): Promise<RestoreRequest | undefined> {
  const known = new Set(
    (await system.api.call('listRequests', { query: { all: true } })).map(({ id }) => id),
  );
  const args = ['restore', 'latest', '--plan', 'documents', '--in-place', '--yes'];
  const command = spawn(
    process.execPath,
    [
      join(ROOT, 'dist/olares-backup.mjs'),
      '--state-dir',
      system.stateDir,
      ...args,
      '--password-file',
      system.passwordFile,
    ],
    { stdio: 'ignore' },
  );
  const ended = once(command, 'exit');
  await Promise.race([wait(afterMs), ended]);
  if (victim === 'command') command.kill('SIGKILL');
  if (victim === 'daemon') {
    await system.killDaemon();
    await system.startDaemon();
  }
  const run = helperRuns(system.stateDir).find(({ verb }) => verb === 'restore');
  if (run && victim === 'helper') kill(run.pid);
  if (run && victim === 'restic') kill(run.resticPid);
  await ended;
  const mine = async () =>
    (await system.api.call('listRequests', { query: { all: true } })).find(({ id }) => !known.has(id));
  if (!(await mine())) return undefined;
  return await eventually(
    async () => {
      const request = await mine();
      const job =
        request?.jobId === undefined
          ? undefined
          : await system.api.call('getJob', { params: { job: request.jobId } });
      const isOver = job === undefined || JOB_END_STATES.has(job.state);
      const isStill = request !== undefined && (REQUEST_END_STATES.has(request.state) || job === undefined);
      return isStill && isOver && helperRuns(system.stateDir).length === 0 && request;
    },
    'the end of the restore',
    120_000,
  );
}

function count(ends: Record<string, number>, end: string): void {
  ends[end] = (ends[end] ?? 0) + 1;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** What in-place restores kept, and what was fetched for those that never ended. */
function clear(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (!/^(source\.|\.olares-restore-)/.test(name)) continue;
    const path = join(directory, name);
    if (existsSync(path)) renameSync(path, `${path}.gone`);
    rmSync(`${path}.gone`, { recursive: true });
  }
}
