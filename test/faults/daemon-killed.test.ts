import { expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { processesOf } from '../harness/process-table.ts';
import { stockRestic } from '../harness/stock-restic.ts';
import { TestSystem } from '../harness/system.ts';
import { ended, expectWords, fill, moving, startBackup } from './faults.fixture.ts';

test('a backup whose daemon is killed goes on after the start and is reported once', async () => {
  await using system = await TestSystem.paired({ config: { limits: { uploadKiBPerSecond: 3_000 } } });
  const source = system.folder('source');
  fill(source, 12);
  const plan = await system.addPlan('documents', [source]);
  const { id } = await startBackup(system, plan.name);
  await moving(system, id);
  const before = processesOf(system.stateDir);
  expect(before.some(({ commandLine }) => commandLine.includes('restic'))).toBe(true);

  await system.killDaemon();
  await system.startDaemon();
  const job = await ended(system, id);
  expect(job).toMatchObject({ state: 'succeeded', result: { filesTotal: 12 } });
  const { jobs } = await system.status();
  expect(jobs).toEqual([]);

  // Settled as interrupted, then queued again: both are in the log that outlets read.
  const states = system.output.filter((line) => line.includes('settled a job of the former process'));
  expect(states).toHaveLength(1);

  const reports = () =>
    system.space.state.records
      .receipts()
      .filter(({ call, subject }) => call === 'snapshotSave' && subject === id);
  await eventually(() => reports().some(({ status }) => status === 'Completed'), 'the report');
  await eventually(async () => (await system.status()).link.pendingReports === 0, 'all reports delivered');
  expect(reports().filter(({ status }) => status !== 'Pending')).toHaveLength(1);

  const check = await stockRestic(system, plan, ['check', '--no-lock', '--read-data']);
  expect(check).toMatchObject({ code: 0 });
  const list = await stockRestic(system, plan, ['snapshots', '--no-lock', '--json']);
  expect(JSON.parse(list.stdout)).toHaveLength(1);
  const left = processesOf(system.stateDir).map(({ pid }) => pid);
  expect(before.filter(({ pid }) => left.includes(pid))).toEqual([]);
  expectWords(await system.cli(['job', 'show', id.slice(0, 8)]));
});
