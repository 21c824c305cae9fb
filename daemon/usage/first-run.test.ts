import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Plan } from '../../contract/index.ts';
import { GB, PLAN, setUp } from './testing/usage-world.ts';

let world: ReturnType<typeof setUp>;
let plan: Plan;
beforeEach(() => {
  world = setUp();
  plan = world.makePlan({ kind: 'space' });
  world.reads({ usedBytes: 4 * GB, canBackup: true });
});
afterEach(() => world.close());

const next = () => world.usage.current().byPlan[0]?.nextBytes;

it('fits when what its sources hold does, and is told by what comes next', async () => {
  world.sourcesHold(5 * GB);
  expect(await world.usage.check(plan)).toMatchObject({ fits: true, estimateBytes: 5 * GB });
  expect(next()).toBe(5 * GB);
});

it('does not begin when its sources hold too much', async () => {
  world.sourcesHold(7 * GB);
  expect(await world.usage.check(plan)).toMatchObject({
    fits: false,
    byEstimate: true,
    message: expect.stringContaining(
      '4.0 GiB of 10.0 GiB at Olares Space are used and about 7.0 GiB more are needed, for the first snapshot of 1,234 files (14.0 GiB)',
    ),
  });
});

it('begins all the same when a person says so, uncounted, but not where nothing more is taken', async () => {
  world.sourcesHold(7 * GB);
  expect(await world.usage.check(plan, { ignoreEstimate: true })).toMatchObject({ fits: true });
  expect(world.counts()).toBe(0);
  world.reads({ usedBytes: 10 * GB, canBackup: true });
  world.pass(61_000);
  expect(await world.usage.check(plan, { ignoreEstimate: true })).toMatchObject({
    fits: false,
    byEstimate: false,
  });
});

it('may cost what was agreed to for its plan, and says what', async () => {
  world.reads({
    usedBytes: 4 * GB,
    canBackup: true,
    price: { currency: 'EUR', perGibMonth: 0.5 },
    overageLimitBytes: 5 * GB,
  });
  world.sourcesHold(7 * GB);
  expect(await world.usage.check(plan)).toMatchObject({ fits: false });
  expect(world.usage.current().byPlan[0]).toMatchObject({ nextFits: false });
  world.store.commit(() => world.store.plans.update(PLAN, { quotaPolicy: 'pay:1 EUR' }));
  expect(await world.usage.check({ ...plan, quotaPolicy: 'pay:1 EUR' })).toMatchObject({
    fits: true,
    costPerMonth: 0.5,
  });
  expect(world.usage.current().byPlan[0]).toMatchObject({ nextFits: true, nextCostPerMonth: 0.5 });
});

it('needs only the rest when an earlier try was cut off', async () => {
  world.sourcesHold(7 * GB);
  world.plans.setNeedsRepair(PLAN, true);
  expect(await world.usage.check(plan)).toMatchObject({ fits: true, estimateBytes: 3 * GB });
});

it.each([
  ['there is a snapshot', () => world.snapshots(GB)],
  ['nobody knows the total', () => world.reads({ usedBytes: GB, canBackup: true, totalBytes: 0 })],
  ['Space says nothing', () => world.reads(new Error('down'))],
  ['nobody is signed in', () => world.signOut()],
])('is not counted when %s', async (_name, given) => {
  given();
  world.sourcesHold(99 * GB);
  expect(await world.usage.check(plan)).toMatchObject({ fits: true });
  expect(world.counts()).toBe(0);
});

it('begins when it can not be counted', async () => {
  expect(await world.usage.check(plan)).toMatchObject({ fits: true });
  expect([world.counts(), next()]).toEqual([1, undefined]);
});
