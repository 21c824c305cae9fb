import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { JOB_END_STATES, REQUEST_END_STATES, type Plan, type RestoreRequest } from '../../contract/index.ts';
import { hashTree } from '../harness/hash-tree.ts';
import { eventually } from '../harness/eventually.ts';
import { helperRuns } from '../harness/process-table.ts';
import { expectRefusal } from '../harness/refusal.ts';
import { ROOT, TestSystem } from '../harness/system.ts';
import { ended, fill, startBackup } from './faults.fixture.ts';

// `npm run proofs:restore -- kills NUMBER` runs the same with more.
const KILLS = Number(process.env['RESTORE_PROOFS'] ?? 3);
const VICTIMS = ['restic', 'helper', 'daemon', 'command'] as const;
const LONGEST_MS = 3_500;
const MEGABYTES = 30;

let system: TestSystem;
let plan: Plan;
let source: string;
beforeAll(async () => {
  const limits = { downloadKiBPerSecond: 15_000 };
  system = await TestSystem.start({
    config: { limits, jobs: { retryBaseMs: 500, retryMaxMs: 1_000 } },
  });
  source = system.folder('source');
  plan = await system.addPlan('documents', [source], ['--location', join(system.dir, 'backups')]);
});
afterAll(async () => await system[Symbol.asyncDispose]());

test(
  `${KILLS} restores in place, of which something is killed at a random moment: the old tree or the new one is whole`,
  async () => {
    fill(source, MEGABYTES);
    await system.done(['backup', plan.name]);
    const fresh = hashTree(source);
    const ends: Record<string, number> = {};
    for (let run = 0; run < KILLS; run += 1) {
      rmSync(source, { recursive: true });
      mkdirSync(source);
      writeFileSync(join(source, 'noise-1'), 'old');
      const old = hashTree(source);
      const victim = VICTIMS[run % VICTIMS.length] ?? 'restic';
      const request = await killed(victim, Math.random() * LONGEST_MS);
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

test('a pack is flipped, another truncated, a third deleted: what they held is named, the rest is restored', async () => {
  rmSync(source, { recursive: true });
  mkdirSync(source);
  const packs: string[][] = [];
  for (const name of ['flipped', 'truncated', 'deleted', 'whole']) {
    const before = packsOf(plan);
    writeFileSync(join(source, name), randomBytes(50_000));
    await ended(system, (await startBackup(system, plan.name)).id);
    packs.push(packsOf(plan).filter((path) => !before.includes(path)));
  }
  const isLists = (path: string) => statSync(path).size < 50_000;
  const [flipped = '', truncated = '', deleted = ''] = packs.flatMap((paths) =>
    paths.filter((path) => !isLists(path)),
  );
  damage(flipped, (bytes) => bytes.fill(bytes[0]! ^ 1, 0, 1));
  damage(truncated, (bytes) => bytes.subarray(0, 20_000));
  rmSync(deleted);

  const target = join(system.dir, 'damaged');
  const partly = await system.cli(restoreArgs(target));
  expect(partly.code, partly.stderr).toBe(3);
  for (const name of ['flipped', 'truncated', 'deleted'])
    expect(partly.stdout + partly.stderr).toContain(join(source, name));
  expect(partly.stdout + partly.stderr).not.toContain(join(source, 'whole'));
  expect(readdirSync(target)).toEqual(['whole']);
  expect(readFileSync(join(target, 'whole'))).toEqual(readFileSync(join(source, 'whole')));

  // Without the lists of what there is nothing can be restored.
  for (const path of (packs.at(-1) ?? []).filter(isLists)) rmSync(path);
  rmSync(join(system.stateDir, 'cache'), { recursive: true });
  const nothing = join(system.dir, 'damaged-2');
  expectRefusal(await system.cli(restoreArgs(nothing)), 19, 'damaged');
  expect(existsSync(nothing)).toBe(false);
});

const restoreArgs = (target: string) =>
  ['restore', 'latest', '--plan', plan.name, '--target', target, '--yes', '--password-file'].concat(
    system.passwordFile,
  );

function packsOf({ repository }: Plan): string[] {
  return readdirSync(join(String(repository?.address), 'data'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function damage(path: string, change: (bytes: Buffer) => Buffer): void {
  const bytes = change(readFileSync(path));
  rmSync(path);
  writeFileSync(path, bytes);
}

/** @returns the request when all about it has ended, or undefined when it was never made */
async function killed(victim: string, afterMs: number): Promise<RestoreRequest | undefined> {
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
  const exited = once(command, 'exit');
  await Promise.race([wait(afterMs), exited]);
  if (victim === 'command') command.kill('SIGKILL');
  if (victim === 'daemon') {
    await system.killDaemon();
    await system.startDaemon();
  }
  const run = helperRuns(system.stateDir).find(({ verb }) => verb === 'restore');
  if (run && victim === 'helper') kill(run.pid);
  if (run && victim === 'restic') kill(run.resticPid);
  await exited;
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
