import { describe, expect, it } from 'vitest';
import { atMost, isTimed, limitAt, type LimitRule } from './limits.ts';

const at = (time: string): number => Date.parse(`2026-07-01T${time}:00Z`);
const day: LimitRule = { from: '08:00', to: '18:00', kibPerSecond: 100 };
const night: LimitRule = { from: '22:00', to: '06:00' };
const always: LimitRule = { kibPerSecond: 500 };

describe('the limit of a moment', () => {
  it.each([
    ['07:59', 500],
    ['08:00', 100],
    ['17:59', 100],
    ['18:00', 500],
    ['22:00', undefined],
    ['05:59', undefined],
    ['06:00', 500],
  ])('at %s is %s', (time, expected) => {
    expect(limitAt([always, day, night], 'UTC', at(time))).toBe(expected);
  });

  it('is meant in the wall time of its zone', () => {
    expect(limitAt([day], 'Europe/Berlin', at('06:30'))).toBe(100);
    expect(limitAt([day], 'America/New_York', at('12:30'))).toBe(100);
    expect(limitAt([day], 'America/New_York', at('08:30'))).toBeUndefined();
  });

  it('is none where no rule holds', () => {
    expect(limitAt([day], 'UTC', at('20:00'))).toBeUndefined();
    expect(limitAt([], 'UTC', 0)).toBeUndefined();
  });

  it('never goes beyond one for all plans', () => {
    expect(limitAt(atMost([night], 50), 'UTC', at('23:00'))).toBe(50);
    expect(limitAt(atMost([night], 50), 'UTC', at('12:00'))).toBe(50);
    expect(atMost([], undefined)).toEqual([]);
  });

  it('depends on the time only where a rule does', () => {
    expect([isTimed([always]), isTimed([always, day])]).toEqual([false, true]);
  });
});
