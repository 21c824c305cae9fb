import { describe, expect, it } from 'vitest';
import type { Chance } from '../base/ids.ts';
import { createRedial } from './backoff.ts';

const lowest = { integer: () => 0 } as unknown as Chance;
const highest = { integer: (limit: number) => limit - 1 } as unknown as Chance;

function setUp(chance: Chance) {
  let now = 5_000;
  const redial = createRedial({ baseMs: 1_000, maxMs: 300_000, chance, clock: { monotonic: () => now } });
  return { redial, pass: (ms: number) => (now += ms) };
}

describe('the wait before a line is dialled again', () => {
  it.each([
    [lowest, [500, 10_000, 150_000]],
    [highest, [999, 19_999, 299_999]],
  ])('is half to all of the time that Space is away, from the base to the limit', (chance, waits) => {
    const { redial, pass } = setUp(chance);
    const found = [0, 20_000, 3_600_000].map((ms) => {
      pass(ms);
      return redial.next();
    });
    expect(found).toEqual(waits);
  });

  it('is short again after the line stood', () => {
    const { redial, pass } = setUp(highest);
    redial.next();
    pass(60_000);
    expect(redial.next()).toBeGreaterThan(30_000);
    redial.reset();
    expect(redial.next()).toBeLessThan(1_000);
  });

  it('is not the same for all whom Space tells the same time', () => {
    expect(setUp(lowest).redial.next(30_000)).toBe(30_000);
    expect(setUp(highest).redial.next(30_000)).toBeGreaterThan(30_000);
  });

  it('of many machines brings them back evenly, however long Space was away', () => {
    for (const awayMs of [3_000, 20_000, 60_000]) {
      const { peak, mean } = comeBack(10_000, awayMs);
      expect(peak / mean).toBeLessThan(2.5);
    }
  });
});

/** The same steps as links take them, with a clock that needs no time. */
function comeBack(machines: number, awayMs: number): { peak: number; mean: number } {
  let seed = 1;
  const chance = {
    integer: (limit: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return Math.floor((seed / 2_147_483_647) * limit);
    },
  } as unknown as Chance;
  const times = Array.from({ length: machines }, () => {
    let now = 0;
    const redial = createRedial({ baseMs: 1_000, maxMs: 300_000, chance, clock: { monotonic: () => now } });
    do now += redial.next();
    while (now < awayMs);
    return now;
  }).toSorted((a, b) => a - b);
  const first = times[0] ?? 0;
  const seconds = Math.max(1_000, (times.at(-1) ?? 0) - first) / 1_000;
  const perSecond = new Map<number, number>();
  for (const time of times) {
    const second = Math.floor((time - first) / 1_000);
    perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
  }
  return { peak: Math.max(...perSecond.values()), mean: machines / seconds };
}
