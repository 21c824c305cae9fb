import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freeBytesAt } from './disk-space.ts';
import { estimateAddedBytes } from './estimate.ts';
import { GB, PLAN, setUp } from './testing/usage-world.ts';

let world: ReturnType<typeof setUp>;
beforeEach(() => {
  world = setUp();
});
afterEach(() => world.close());

describe('a reading', () => {
  it('is explained by the ledger', async () => {
    world.makePlan({ kind: 'space' });
    world.snapshots(GB / 2, GB / 4);
    expect(await world.usage.get()).toMatchObject({
      source: 'space',
      usedBytes: GB,
      freeBytes: 9 * GB,
      reclaimableBytes: GB / 4,
      byPlan: [{ planId: PLAN, storedBytes: (GB * 3) / 4 }],
    });
  });

  it('never has less than nothing', async () => {
    world.makePlan({ kind: 'space' });
    world.snapshots(20 * GB);
    world.reads({ usedBytes: 11 * GB, canBackup: true });
    expect(await world.usage.get()).toMatchObject({ freeBytes: 0, reclaimableBytes: 0 });
  });

  it('is taken once a minute, or when asked for', async () => {
    await world.usage.get();
    await Promise.all([world.usage.get(), world.usage.get()]);
    expect(world.calls()).toBe(1);
    await world.usage.get(true);
    world.pass(61_000);
    await world.usage.get();
    expect(world.calls()).toBe(3);
  });

  it("keeps its age when Space cannot be reached, and is the ledger's when nobody is signed in", async () => {
    const first = await world.usage.get();
    world.pass(3_600_000);
    world.reads(new Error('down'));
    expect(await world.usage.get(true)).toEqual(first);
    world.signOut();
    expect(await world.usage.get()).toMatchObject({ source: 'ledger', usedBytes: 0 });
  });

  it('of a total of 0 is no full storage', async () => {
    world.reads({ usedBytes: GB, canBackup: true, totalBytes: 0 });
    const plan = world.makePlan({ kind: 'space' });
    expect(await world.usage.check(plan)).toMatchObject({ fits: true });
    expect(world.health.list()).toEqual([]);
  });

  it('is told once while it stays the same', async () => {
    await world.usage.get(true);
    await world.usage.get(true);
    const kinds = world.store.events.after(0, 10).map(({ kind }) => kind);
    expect(kinds).toEqual(['usage.measured']);
  });
});

describe('warnings', () => {
  it('rise once per level and go away by themselves', async () => {
    const seen: string[] = [];
    for (const usedGb of [7.9, 8, 8.5, 9, 10, 12, 5]) {
      world.reads({ usedBytes: Math.round(usedGb * GB), canBackup: true });
      await world.usage.get(true);
      seen.push(world.health.list()[0]?.message ?? 'none');
    }
    expect(seen.map((text) => text.slice(0, 4))).toEqual([
      'none',
      '80 %',
      '80 %',
      '90 %',
      'the ',
      'the ',
      'none',
    ]);
    const events = world.store.events.after(0, 100).map(({ kind }) => kind);
    expect(events.filter((kind) => kind === 'health.raised')).toHaveLength(3);
  });
});

describe('a use that hovers around a level', () => {
  const levels = async (...percents: number[]): Promise<number> => {
    for (const percent of percents) {
      world.reads({ usedBytes: Math.round((percent / 10) * GB), canBackup: percent < 100 });
      await world.usage.get(true);
    }
    return world.store.events.after(0, 100).filter(({ kind }) => kind === 'health.raised').length;
  };

  it('warns once, and again only after it had gone well below', async () => {
    expect(await levels(80, 79, 80, 78.5, 81)).toBe(1);
    expect(await levels(77, 80)).toBe(2);
  });
  it('says of a full storage that it is full, not that the account may not back up', async () => {
    await levels(100);
    expect(world.health.list()).toMatchObject([{ code: 'quota', level: 'error' }]);
  });
});

describe('a forecast', () => {
  const DAY = 86_400_000;
  const live = async (days: number, gbPerDay: number): Promise<void> => {
    for (let day = 0; day < days; day += 1) {
      world.pass(DAY);
      world.reads({ usedBytes: Math.round((2 + day * gbPerDay) * GB), canBackup: true });
      await world.usage.get(true);
    }
  };

  it('is made of the samples of days, which are kept', async () => {
    await live(6, 0.1);
    expect(world.usage.current().forecast).toBeUndefined();
    await live(1, 0.1);
    expect(world.usage.current().forecast).toBeUndefined();
    world.store.commit(() => world.store.facts.remove('usage.samples'));
    await live(10, 0.1);
    expect(world.usage.current().forecast).toMatchObject({ days: 10 });
  });
  it('is of one account alone', async () => {
    await live(10, 0.1);
    expect(world.usage.current().forecast).toMatchObject({ days: 10 });
    world.signInAs('did:key:b');
    await world.usage.get(true);
    expect(world.usage.current().forecast).toBeUndefined();
  });
});

it('shows what is stored beyond the total, and what it costs', async () => {
  world.reads({
    usedBytes: 12 * GB,
    canBackup: true,
    overageLimitBytes: 5 * GB,
    price: { currency: 'EUR', perGibMonth: 0.5 },
  });
  expect(await world.usage.get()).toMatchObject({
    overage: { limitBytes: 5 * GB, usedBytes: 2 * GB, costPerMonth: 1 },
    price: { currency: 'EUR' },
    policy: { atLimit: 'stop' },
  });
});

describe('whether the next snapshot fits', () => {
  it('is judged by the history of what was added, not by the size of the source', async () => {
    const plan = world.makePlan({ kind: 'space' });
    world.snapshots(9 * GB, GB / 2, GB / 2, GB / 2);
    world.reads({ usedBytes: Math.round(9.4 * GB), canBackup: true });
    expect(await world.usage.check(plan)).toMatchObject({ fits: true, estimateBytes: GB / 2 });
    world.reads({ usedBytes: Math.round(9.6 * GB), canBackup: true });
    world.pass(61_000);
    expect(await world.usage.check(plan)).toMatchObject({
      fits: false,
      message: expect.stringContaining('9.6 GiB of 10.0 GiB'),
    });
  });

  it('is never denied by an old reading', async () => {
    const plan = world.makePlan({ kind: 'space' });
    world.reads({ usedBytes: 10 * GB, canBackup: true });
    expect(await world.usage.check(plan)).toMatchObject({ fits: false });
    world.reads({ usedBytes: GB, canBackup: true });
    expect(await world.usage.check(plan)).toMatchObject({ fits: true });
    world.reads({ usedBytes: 10 * GB, canBackup: true });
    await world.usage.get(true);
    world.pass(3_600_000);
    world.reads(new Error('down'));
    expect(await world.usage.check(plan)).toMatchObject({ fits: true });
  });

  it('is denied when the account may not back up', async () => {
    const plan = world.makePlan({ kind: 'space' });
    world.reads({ usedBytes: 0, canBackup: false });
    expect(await world.usage.check(plan)).toMatchObject({
      fits: false,
      message: expect.stringContaining('plan level 1'),
    });
  });

  it('looks at the disk of a directory', async () => {
    const plan = world.makePlan({ kind: 'directory', path: tmpdir() });
    expect(await world.usage.check(plan)).toMatchObject({ fits: true });
    world.snapshots(1, 2 ** 52);
    expect(await world.usage.check(plan)).toMatchObject({
      fits: false,
      message: expect.stringContaining(tmpdir()),
    });
  });
});

it('finds the file system that holds a path', async () => {
  expect(await freeBytesAt(tmpdir())).toBeGreaterThan(0);
});

it('takes the median of the last runs, without the first of all', () => {
  const runs = (...added: (number | null)[]) => added.map((addedBytes, takenAt) => ({ takenAt, addedBytes }));
  expect(estimateAddedBytes([])).toBeUndefined();
  expect(estimateAddedBytes(runs(1000))).toBeUndefined();
  expect(estimateAddedBytes(runs(1000, 7))).toBe(7);
  expect(estimateAddedBytes(runs(1000, 999, 1, 2, 3, 50, 4))).toBe(3);
  expect(estimateAddedBytes(runs(1000, null, 5))).toBe(5);
});
