import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SpaceFaults } from '../../space/faults.ts';
import { eventually } from '../harness/eventually.ts';
import { processesOf } from '../harness/process-table.ts';
import { resticPath, stockRestic } from '../harness/stock-restic.ts';
import { TestSystem } from '../harness/system.ts';
import { temporaryDir } from '../harness/temporary-dir.ts';
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

test('a snapshot made just before the daemon was killed is found again, not made twice', async () => {
  using dir = temporaryDir('deadly');
  const program = join(dir.path, 'restic');
  playRestic(program, ':');
  await using system = await TestSystem.paired({ env: { RESTIC_BIN: program } });
  const source = system.folder('source');
  writeFileSync(join(source, 'letter'), 'dear reader');
  const plan = await system.addPlan('documents', [source]);
  // The snapshot is saved, and before anybody hears of it the daemon is gone.
  playRestic(program, `said=$(${resticPath()} "$@"); kill -9 ${system.daemonPid}; echo "$said"; exit 0`);
  const { id } = await startBackup(system, plan.name);
  await eventually(() => !isAlive(system.daemonPid), 'the end of the daemon');
  playRestic(program, ':');
  await system.startDaemon();
  const job = await ended(system, id);
  // Whether all could be read nobody heard, so it is no full success.
  expect(job).toMatchObject({ state: 'incomplete', result: { filesTotal: 1 } });
  expect(job.reason).toMatch(/made just before the agent was interrupted/);
  const { stdout } = await stockRestic(system, plan, ['snapshots', '--no-lock', '--json']);
  expect(JSON.parse(stdout)).toMatchObject([
    { tags: expect.arrayContaining([`agent-job=${id}`]) as unknown },
  ]);
  expect(await system.api.call('listSnapshots', { query: {} })).toHaveLength(1);
});

test('a final report whose answer is lost is told again in the same words, whatever happened since', async () => {
  const faults = new SpaceFaults();
  await using system = await TestSystem.paired({
    faults,
    config: { spaceLink: { reconnectBaseMs: 500, reconnectMaxMs: 1_000 } },
  });
  const source = system.folder('source');
  fill(source, 1);
  const plan = await system.addPlan('documents', [source]);
  await eventually(async () => (await system.status()).link.pendingReports === 0, 'all reports delivered');
  // Pending passes, the final one arrives but its answer does not.
  const lost = faults.add({ on: 'answer:snapshotSave', action: { do: 'drop' }, after: 1 });
  const first = await startBackup(system, plan.name);
  await ended(system, first.id);
  await eventually(() => lost.hits > 0, 'the lost answer');
  fill(source, 2, 'more');
  const second = await startBackup(system, plan.name);
  await ended(system, second.id);
  await system.killDaemon();
  lost.release();
  await system.startDaemon();
  await eventually(async () => (await system.status()).link.pendingReports === 0, 'all reports', 60_000);
  const finals = system.space.state.records
    .receipts()
    .filter(({ call, status, code }) => call === 'snapshotSave' && status === 'Completed' && code === 200);
  expect(finals.map(({ subject }) => subject)).toEqual([first.id, second.id]);
  const [account] = system.space.state.accounts.list();
  const told = system.space.state.records.snapshots(account?.id ?? '', plan.id, { limit: 9, offset: 0 });
  expect(told.map(({ type }) => type).toSorted()).toEqual(['fully', 'incremental']);
});

/** A restic that is one, but for its backups. */
function playRestic(path: string, backup: string): void {
  const choice = `for word in "$@"; do\n  if [ "$word" = backup ]; then ${backup}; fi\ndone`;
  writeFileSync(path, `#!/bin/sh\n${choice}\nexec ${resticPath()} "$@"\n`);
  chmodSync(path, 0o755);
}

function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}
