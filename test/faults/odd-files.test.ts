import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Job } from '../../contract/index.ts';
import { stockRestic } from '../harness/stock-restic.ts';
import { TestSystem } from '../harness/system.ts';
import { ended, expectWords, startBackup } from './faults.fixture.ts';

const isRoot = process.getuid?.() === 0;
/** Root reads everything, so the agent is somebody who does not. */
const NOBODY = { uid: 65_534, gid: 65_534 };

let system: TestSystem;
beforeAll(async () => (system = await TestSystem.start(isRoot ? { user: NOBODY } : {})));
afterAll(async () => await system[Symbol.asyncDispose]());

const addPlan = async (name: string, source: string) =>
  await system.addPlan(
    name,
    [source],
    [
      '--location',
      join(system.stateDir, '..', `backups-${name}`),
      '--kit-file',
      join(system.dir, `kit-${name}`),
    ],
  );

/** A directory that the agent may write to. */
function backups(name: string): void {
  const path = system.folder(`backups-${name}`);
  chmodSync(path, 0o777);
}

test('files that may not be read: incomplete, exit 3, a count, the first twenty by name', async () => {
  const source = system.folder('secrets');
  for (let n = 0; n < 30; n++) writeFileSync(join(source, `secret-${n}`), 'x', { mode: 0o000 });
  mkdirSync(join(source, 'closed'), { mode: 0o000 });
  writeFileSync(join(source, 'open'), 'x', { mode: 0o644 });
  chmodSync(source, 0o755);
  backups('secrets');
  const plan = await addPlan('secrets', source);
  const outcome = await system.cli(['backup', plan.name]);
  expect(outcome.code).toBe(3);
  expect(outcome.stdout).toContain('31 files could not be read');
  expect(outcome.stdout.match(/no permission to read it/g)).toHaveLength(20);
  expect(outcome.stdout).toContain('and 11 more');
  expectWords(outcome);
  const [job] = await system.api.call('listJobs', { query: { plan: plan.id } as never });
  expect(job).toMatchObject({ state: 'incomplete', result: { skipped: { count: 31 }, filesTotal: 1 } });
  const status = await system.api.call('getStatus');
  expect(status.level).toBe('warning');
  expect(status.conditions).toMatchObject([{ code: 'files_unreadable', planId: plan.id }]);
  expect(status.plans[0]?.lastGoodAt).toBeUndefined();
  expectWords(await system.cli(['status']));

  for (let n = 0; n < 30; n++) chmodSync(join(source, `secret-${n}`), 0o644);
  rmSync(join(source, 'closed'), { recursive: true });
  await system.done(['backup', plan.name]);
  expect(await system.api.call('getStatus')).toMatchObject({ level: 'good', conditions: [] });
});

test('a fifo, and files that grow, shrink, vanish and change their kind: no hang, no crash', async () => {
  const source = system.folder('restless');
  backups('restless');
  execFileSync('mkfifo', [join(source, 'fifo')]);
  for (let n = 0; n < 400; n++) writeFileSync(join(source, `file-${n}`), 'x'.repeat(10_000));
  writeFileSync(join(source, 'grows'), '');
  writeFileSync(join(source, 'shrinks'), 'x'.repeat(1_000_000));
  const plan = await addPlan('restless', source);
  const jobs: Job[] = [];
  for (let run = 0; run < 3; run++) {
    const mutator = setInterval(() => disturb(source), 2);
    try {
      const { id } = await startBackup(system, plan.name);
      jobs.push(await ended(system, id, 60_000));
    } finally {
      clearInterval(mutator);
    }
  }
  for (const { state, result, id } of jobs) {
    expect(['succeeded', 'incomplete']).toContain(state);
    expect(result).toMatchObject({ kind: 'backup' });
    expectWords(await system.cli(['job', 'show', id]));
  }
  expect(await stockRestic(system, plan, ['check'])).toMatchObject({ code: 0 });
});

let turn = 0;
function disturb(source: string): void {
  turn += 1;
  const victim = join(source, `file-${turn % 400}`);
  appendFileSync(join(source, 'grows'), 'y'.repeat(50_000));
  truncateSync(join(source, 'shrinks'), 1_000_000 - (turn % 1000) * 1_000);
  rmSync(victim, { force: true, recursive: true });
  if (turn % 3 === 0) writeFileSync(victim, 'z'.repeat(turn % 20_000));
  else if (turn % 3 === 1) mkdirSync(victim);
  else execFileSync('mkfifo', [victim]);
}
