import { describe, expect, it } from 'vitest';
import { forecastFull } from './forecast.ts';
import { DAY_MS } from './samples.ts';

const GB = 1024 ** 3;
const TODAY = 20_000;
const now = TODAY * DAY_MS;

/** One sample a day up to today. */
const daily = (...gigabytes: number[]) =>
  gigabytes.map((gb, index) => ({
    day: TODAY - gigabytes.length + 1 + index,
    usedBytes: Math.round(gb * GB),
  }));

const forecast = (samples: ReturnType<typeof daily>, totalGb = 10) =>
  forecastFull(samples, { usedBytes: samples.at(-1)?.usedBytes ?? 0, totalBytes: totalGb * GB, now });

const inDays = (at: number | undefined) => Math.round(((at ?? NaN) - now) / DAY_MS);
const noise = (day: number): number => Math.sin(day * 12.9898) / 10;
const days = (count: number, gb: (day: number) => number) =>
  daily(...Array.from({ length: count }, (_, day) => gb(day)));

describe('when the storage is full', () => {
  it('is the day the line meets the total', () => {
    const found = forecast(days(30, (day) => 1 + day * 0.1));
    expect(inDays(found?.earliestAt)).toBe(61);
    expect(inDays(found?.latestAt)).toBe(61);
    expect(found).toMatchObject({ days: 30, bytesPerDay: Math.round(0.1 * GB) });
  });

  it('is a band around it when the days differ', () => {
    const found = forecast(days(30, (day) => 1 + day * 0.1 + noise(day)));
    expect(inDays(found?.earliestAt)).toBeLessThanOrEqual(61);
    expect(inDays(found?.latestAt)).toBeGreaterThanOrEqual(60);
    expect(inDays(found?.latestAt) - inDays(found?.earliestAt)).toBeLessThan(20);
  });

  it('is hardly moved by one day on which everything was copied', () => {
    const found = forecast(days(30, (day) => 1 + day * 0.1 + (day > 14 ? 2 : 0)));
    expect(inDays(found?.earliestAt)).toBeLessThan(61);
    expect(inDays(found?.latestAt)).toBeGreaterThan(35);
  });

  it('counts from the day on which somebody made room', () => {
    const found = forecast(days(30, (day) => (day < 15 ? 5 + day * 0.1 : 1 + (day - 15) * 0.2)));
    expect(inDays(found?.earliestAt)).toBe(31);
    expect(found?.days).toBe(15);
  });

  it('may be open at its far end', () => {
    const found = forecast(days(10, (day) => 5 + day * 0.001 + noise(day)));
    expect(found?.latestAt).toBeUndefined();
  });

  it.each([
    ['of too few days', days(6, (day) => 1 + day)],
    ['when nothing grows', days(30, () => 5)],
    ['when it shrinks slowly', days(30, (day) => 5 - day * 0.01)],
    ['when it takes years', days(30, (day) => 1 + day * 1e-5)],
    ['when it is full already', days(30, (day) => 5 + day)],
    ['of nothing', []],
  ])('is not said %s', (_why, samples) => {
    expect(forecast(samples)).toBeUndefined();
  });

  it('bridges days on which the machine was off', () => {
    const samples = days(30, (day) => 1 + day * 0.1).filter((_sample, index) => index % 3 === 0);
    const found = forecast(samples);
    expect(found?.bytesPerDay).toBe(Math.round(0.1 * GB));
  });
});
