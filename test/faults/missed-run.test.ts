import { join } from 'node:path';
import Database from 'better-sqlite3';
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { TestSystem } from '../harness/system.ts';
import { ended } from './faults.fixture.ts';

const DAY_MS = 86_400_000;

test('a machine that was off for a week makes up for it once, however often the agent then starts', async () => {
  await using system = await TestSystem.start();
  const source = system.folder('source');
  writeFileSync(join(source, 'letter'), 'dear reader');
  const more = ['--location', join(system.dir, 'backups'), '--schedule', 'daily', '--at', '03:00'];
  const plan = await system.addPlan('documents', [source], more);
  expect(plan.schedule.kind).toBe('daily');
  expect(await system.stopDaemon()).toBe(0);
  sleepFor(system, 7 * DAY_MS);

  await system.startDaemon();
  const missed = await eventually(
    async () => (await system.api.call('listJobs', { query: {} }))[0],
    'the run',
  );
  expect(missed).toMatchObject({ kind: 'backup', cause: 'missed', planId: plan.id });
  expect(await ended(system, missed.id)).toMatchObject({ state: 'succeeded' });
  for (let restart = 0; restart < 2; restart++) {
    expect(await system.stopDaemon()).toBe(0);
    await system.startDaemon();
  }
  expect(await system.api.call('listJobs', { query: {} })).toHaveLength(1);
  const { nextDueAt } = await system.api.call('getPlan', { params: { plan: plan.id } });
  expect(nextDueAt).toBeGreaterThan(Date.now());
  expect(nextDueAt).toBeLessThan(Date.now() + DAY_MS + 3_600_000);
});

/** What the database of a machine looks like that was switched off so long ago. */
function sleepFor(system: TestSystem, awayMs: number): void {
  const db = new Database(join(system.stateDir, 'agent.db'));
  db.prepare('UPDATE plans SET next_due_at = next_due_at - ?, last_due_at = last_due_at - ?').run(
    awayMs,
    awayMs,
  );
  db.close();
}
