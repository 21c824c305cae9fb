import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Job, Schedule } from '../../contract/index.ts';
import { systemChance } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import { createJobs } from '../jobs/create-jobs.ts';
import type { Jobs } from '../jobs/job-types.ts';
import { createPlans } from '../plans/create-plans.ts';
import type { Plans } from '../plans/plan-types.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { createDueTimes } from './due-times.ts';
import { createScheduler, type Scheduler } from './create-scheduler.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const YEARS_MS = 3653 * DAY_MS;
const START = Date.UTC(2026, 5, 1, 12);
let now: number;
let dir: string;
let store: Store;
let plans: Plans;
let jobs: Jobs;
let scheduler: Scheduler;

beforeEach(() => {
  now = START;
  dir = mkdtempSync(join(tmpdir(), 'scheduler-'));
  mkdirSync(join(dir, 'data'));
  const clock = { now: () => now, monotonic: () => now };
  const stateDir = join(dir, 'state');
  const chance = systemChance;
  const dueTimes = createDueTimes({ clock, machineId: 'machine', jitterMaxMs: 5 * MINUTE_MS });
  const { nextDueAt } = dueTimes;
  store = openStore({ path: join(stateDir, 'state.db'), clock, log: silentLog });
  plans = createPlans({ store, clock, chance, stateDir, defaultZone: 'UTC', nextDueAt });
  const limits = { retryBaseMs: 1, retryMaxMs: 1, giveUpAfterMs: 1 };
  jobs = createJobs({ store, clock, chance, log: silentLog, limits });
  scheduler = createScheduler({ plans, jobs, store, clock, log: silentLog, dueTimes });
});
afterEach(async () => {
  await scheduler.stop();
  store.close();
  rmSync(dir, { recursive: true, force: true });
});

function addPlan(schedule: Schedule, name = 'photos'): string {
  const { id } = plans.create({ name, paths: [join(dir, 'data')], schedule });
  const capsule = { repositoryId: 'a'.repeat(64), config: '', keys: [] };
  plans.arm(id, { repositoryId: 'a'.repeat(64), address: '/repo', keys: [], capsule });
  return id;
}
/** Ticks once; what was requested is ended at once, so that the next run is a job of its own. */
function tick(): Job[] {
  scheduler.tick();
  const requested = jobs.list({ active: true });
  for (const { id } of requested) jobs.cancel(id, 'seen');
  return requested;
}
function pass(durationMs: number, stepMs = MINUTE_MS): Job[] {
  const found: Job[] = [];
  for (const end = now + durationMs; now < end;) {
    now += stepMs;
    found.push(...tick());
  }
  return found;
}
const daily: Schedule = { kind: 'daily', at: '04:00' };

describe('a daily plan', () => {
  test('runs once each day, with its due time', () => {
    addPlan(daily);
    const found = pass(3 * DAY_MS);
    expect(found.map((job) => [job.kind, job.cause])).toEqual(Array(3).fill(['backup', 'schedule']));
  });
  test('after a week off is made up once, then goes on as usual', () => {
    addPlan(daily);
    now += 7 * DAY_MS;
    expect(tick().map((job) => job.cause)).toEqual(['missed']);
    expect(pass(HOUR_MS)).toEqual([]);
    expect(pass(DAY_MS).map((job) => job.cause)).toEqual(['schedule']);
  });
  test('paused does not run and does not pile up', () => {
    const id = addPlan(daily);
    plans.pause(id);
    expect(pass(3 * DAY_MS, HOUR_MS)).toEqual([]);
    plans.resume(id);
    expect(tick()).toEqual([]);
    expect(pass(DAY_MS)).toHaveLength(1);
  });
  test('is requested and marked in one transaction', () => {
    const id = addPlan(daily);
    const refuse = vi.spyOn(plans, 'setDue').mockImplementation(() => {
      throw new Error('no room');
    });
    now += DAY_MS;
    expect(tick()).toEqual([]);
    refuse.mockRestore();
    expect(tick()).toHaveLength(1);
    expect(plans.row(id).lastDueAt).toBe(now);
  });
});

describe('when the clock is set', () => {
  const steps = [-HOUR_MS, HOUR_MS, -3 * HOUR_MS] as const;
  test.each(steps)('by %i ms shortly after a run, no run is doubled or lost', (stepMs) => {
    addPlan(daily);
    expect(pass(16 * HOUR_MS + 10 * MINUTE_MS)).toHaveLength(1);
    now += stepMs;
    expect(pass(5 * HOUR_MS)).toEqual([]);
    expect(pass(DAY_MS)).toHaveLength(1);
  });
  test('forward over a run and back, it ran once', () => {
    addPlan(daily);
    now += 17 * HOUR_MS;
    expect(tick()).toHaveLength(1);
    now -= 17 * HOUR_MS;
    expect(pass(17 * HOUR_MS)).toEqual([]);
    expect(pass(DAY_MS)).toHaveLength(1);
  });
  test.each([YEARS_MS, -YEARS_MS])(
    'wrong by %i ms for a while, the plan goes on daily before and after',
    (jumpMs) => {
      addPlan(daily);
      now += jumpMs;
      expect(pass(2 * DAY_MS, 10 * MINUTE_MS).length).toBeGreaterThanOrEqual(2);
      now -= jumpMs;
      expect(pass(3 * DAY_MS, 10 * MINUTE_MS).length).toBeGreaterThanOrEqual(3);
      expect(pass(3 * DAY_MS, 10 * MINUTE_MS)).toHaveLength(3);
    },
  );
});

test('a manual plan never runs by itself', () => {
  const id = addPlan({ kind: 'manual' });
  expect(pass(40 * DAY_MS, HOUR_MS)).toEqual([]);
  expect(plans.get(id).nextDueAt).toBeUndefined();
});

test('an hourly plan whose backup still runs gets no second one', () => {
  addPlan({ kind: 'hourly', minute: 0 });
  for (let n = 0; n < 300; n++) {
    now += MINUTE_MS;
    scheduler.tick();
  }
  expect(jobs.list({})).toHaveLength(1);
});

test('a plan in trouble does not keep the others from running', () => {
  const bad = addPlan(daily, 'bad');
  addPlan(daily, 'good');
  store.commit(() => store.plans.update(bad, { zone: 'Nowhere/Gone' }));
  now += DAY_MS;
  expect(tick().map((job) => job.planName)).toEqual(['good']);
});

test('the database is copied hourly, if anything has happened', async () => {
  const copies = () => readdirSync(join(dir, 'state', 'copies')).length;
  addPlan({ kind: 'manual' });
  const settle = () => scheduler.stop();
  scheduler.tick();
  await settle();
  expect(copies()).toBe(1);
  now += 2 * HOUR_MS;
  scheduler.tick();
  await settle();
  expect(copies()).toBe(1);
  store.commit((append) => append('notice', { text: 'news' }));
  scheduler.tick();
  await settle();
  expect(copies()).toBe(2);
});
