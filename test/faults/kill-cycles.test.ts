import { expect, test } from 'vitest';
import type { Job, Plan } from '../../contract/index.ts';
import { eventually } from '../harness/eventually.ts';
import { helperRuns, processesOf } from '../harness/process-table.ts';
import { stockRestic } from '../harness/stock-restic.ts';
import type { TestSystem } from '../harness/system.ts';
import { runKillCycles, systemToKill } from './kill-cycles.ts';

// `npm run soak:kills -- NUMBER [SEED]` runs the same with more.
const KILLS = Number(process.env['SOAK_KILLS'] ?? 50);
const SEED = Number(process.env['SOAK_SEED'] ?? Date.now() % 1_000_000);
const SETTLE_MS = 120_000;

test(
  `${KILLS} random kills (seed ${SEED}) lose no acknowledged job, damage no database and double no snapshot`,
  async () => {
    await using system = await systemToKill();
    const tell = (text: string) => process.stderr.write(`${text}\n`);
    const report = await runKillCycles(system, { kills: KILLS, seed: SEED, tell });
    expect(report.acknowledged.size).toBeGreaterThan(KILLS / 2);
    expect(report.damages).toEqual([]);
    expect(report.recovered).toBe(false);
    const lost = [...report.acknowledged].filter((id) => !report.jobs.has(id));
    expect(lost).toEqual([]);
    const unhappy = [...report.jobs.values()].filter(
      (job) => !isDone(job) && !(job.state === 'cancelled' && report.cancelled.has(job.id)),
    );
    expect(unhappy).toEqual([]);
    const revived = [...report.cancelled].filter(
      ([id, answer]) => answer === 'cancelled' && report.jobs.get(id)?.state !== 'cancelled',
    );
    expect(revived).toEqual([]);

    const jobs = [...report.jobs.values()].filter(({ kind }) => kind === 'backup');
    await expectOneReportEach(system, jobs);
    for (const plan of report.plans) await expectSoundRepository(system, plan, jobs);
    await eventually(() => helperRuns(system.stateDir).length === 0, 'no run of a dead helper');
    const strangers = processesOf(system.stateDir).filter(({ pid }) => pid !== system.daemonPid);
    expect(strangers).toEqual([]);
  },
  SETTLE_MS + KILLS * 3_000,
);

/** A kill may fall between the end of restic and ours: the snapshot is there, but nobody heard how it went. */
const isDone = ({ state, reason = '' }: Job): boolean =>
  state === 'succeeded' || (state === 'incomplete' && reason.startsWith('made just before'));

/** At least once is what the wire promises; what came twice must have been known to Space already. */
async function expectOneReportEach(system: TestSystem, jobs: Job[]): Promise<void> {
  await eventually(async () => (await system.status()).link.pendingReports === 0, 'all reports', 30_000);
  const { id: remote } = await system.api.call('getPlan', { params: { plan: 'remote' } });
  const finals = system.space.state.records
    .receipts()
    .filter(({ call, status, code }) => call === 'snapshotSave' && status !== 'Pending' && code === 200);
  const subjects = finals.map(({ subject }) => subject);
  expect(subjects.filter((subject, index) => subjects.indexOf(subject) !== index)).toEqual([]);
  const expected = jobs.filter(({ planId }) => planId === remote);
  expect(expected.filter(({ id }) => !subjects.includes(id))).toEqual([]);
}

/** Each backup that succeeded has its snapshot, and exactly one. */
async function expectSoundRepository(system: TestSystem, plan: Plan, jobs: Job[]): Promise<void> {
  const check = await stockRestic(system, plan, ['check', '--no-lock']);
  expect(check).toMatchObject({ code: 0 });
  const { stdout } = await stockRestic(system, plan, ['snapshots', '--no-lock', '--json']);
  const snapshots = JSON.parse(stdout) as { id: string; tags: string[] }[];
  const made = snapshots.map(({ tags }) => tags.find((tag) => tag.startsWith('agent-job=')));
  const counted = jobs
    .filter(({ planId }) => planId === plan.id)
    .map(({ id, state }) => ({ id, state, count: made.filter((tag) => tag === `agent-job=${id}`).length }));
  // A cancel may come when the snapshot is just there.
  expect(counted.filter(({ state, count }) => count > 1 || (state !== 'cancelled' && count === 0))).toEqual(
    [],
  );
}
