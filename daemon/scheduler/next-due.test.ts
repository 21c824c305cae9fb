import { Temporal } from 'temporal-polyfill';
import { describe, expect, test } from 'vitest';
import type { Schedule } from '../../contract/index.ts';
import { nextDue } from './next-due.ts';
import { parseCron } from './cron-expression.ts';

// Both hemispheres, half hours, half-hour shifts, shifts at midnight, none at all, Ramadan, odd offsets.
const ZONES = `Europe/Berlin Europe/London Europe/Lisbon Europe/Kyiv America/New_York America/St_Johns
  America/Los_Angeles America/Santiago America/Sao_Paulo America/Havana America/Asuncion America/Nuuk
  Australia/Lord_Howe Australia/Sydney Australia/Adelaide Pacific/Auckland Pacific/Chatham Africa/Casablanca
  Africa/Cairo Asia/Beirut Asia/Kolkata Asia/Shanghai Antarctica/Troll UTC`.split(/\s+/);
const FROM = Date.UTC(2025, 11, 31);
const TO = Date.UTC(2028, 0, 1);
const HOUR_MS = 3_600_000;
const NO_JITTER = { jitterSeed: '', jitterMaxMs: 0 };

const next = (schedule: Schedule, zone: string, after: number) =>
  nextDue({ schedule, zone, after, ...NO_JITTER });
function runs(schedule: Schedule, zone: string, from = FROM, to = TO): number[] {
  const found: number[] = [];
  for (let at = next(schedule, zone, from); at !== null && at < to; at = next(schedule, zone, at))
    found.push(at);
  return found;
}
const shown = (at: number | null, zone: string) =>
  at === null ? 'never' : Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toString();

/** The rule in the words of another library: the first of two equal times, the end of the gap for a missing one. */
function instantOf(day: Temporal.PlainDate, at: string, zone: string): number {
  const wall = day.toPlainDateTime(at);
  const first = wall.toZonedDateTime(zone, { disambiguation: 'earlier' });
  if (first.toPlainDateTime().equals(wall)) return first.epochMilliseconds;
  return first.getTimeZoneTransition('next')?.epochMilliseconds ?? NaN;
}

function expected(schedule: Schedule, at: string, zone: string): number[] {
  const found: number[] = [];
  const first = Temporal.PlainDate.from('2025-12-29');
  for (let n = 0; n < 735; n++) {
    const day = first.add({ days: n });
    if (schedule.kind === 'weekly' && day.dayOfWeek % 7 !== schedule.day) continue;
    if (schedule.kind === 'monthly' && day.day !== Math.min(schedule.day, day.daysInMonth)) continue;
    const instant = instantOf(day, at, zone);
    if (instant > FROM && instant < TO) found.push(instant);
  }
  return found;
}

// Each lies in the gap or in the doubled hour of some of the zones.
describe.each(ZONES)('in %s over two years', (zone) => {
  test.each(['00:00', '00:30', '01:45', '02:15', '02:30', '23:30'])(
    'daily at %s: each day once, none missing',
    (at) => {
      expect(runs({ kind: 'daily', at }, zone)).toEqual(expected({ kind: 'daily', at }, at, zone));
    },
  );
  test.each(['00:15', '02:30'])('weekly and monthly at %s: each once, none missing', (at) => {
    const weekly: Schedule = { kind: 'weekly', day: 0, at };
    expect(runs(weekly, zone)).toEqual(expected(weekly, at, zone));
    const monthly: Schedule = { kind: 'monthly', day: 31, at };
    expect(runs(monthly, zone)).toEqual(expected(monthly, at, zone));
    const expression = `${Number(at.slice(3))} ${Number(at.slice(0, 2))} * * SUN`;
    expect(runs({ kind: 'cron', expression }, zone)).toEqual(runs(weekly, zone));
  });
  test.each([0, 15, 45])('hourly at minute %i: no hour without, no two within half an hour', (minute) => {
    for (const around of clockChanges(zone)) {
      const found = runs({ kind: 'hourly', minute }, zone, around - 5 * HOUR_MS, around + 5 * HOUR_MS);
      const gaps = found.slice(1).map((at, index) => at - (found[index] ?? 0));
      expect(Math.max(...gaps)).toBeLessThanOrEqual(1.5 * HOUR_MS);
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0.5 * HOUR_MS);
      expect(found.length).toBeGreaterThanOrEqual(9);
    }
  });
});

/** The moments of two years at which the zone's clocks are set, and an ordinary one. */
function clockChanges(zone: string): number[] {
  const found = [Date.UTC(2026, 5, 1)];
  let at = Temporal.Instant.fromEpochMilliseconds(FROM)
    .toZonedDateTimeISO(zone)
    .getTimeZoneTransition('next');
  for (; at && at.epochMilliseconds < TO; at = at.getTimeZoneTransition('next'))
    found.push(at.epochMilliseconds);
  return found;
}

test('a run in the gap of spring comes at its end, one in the doubled hour of autumn the first time', () => {
  const at = { kind: 'daily', at: '02:30' } as const;
  const zone = 'Europe/Berlin';
  expect(shown(next(at, zone, Date.UTC(2026, 2, 28, 12)), zone)).toContain('2026-03-29T03:00:00+02:00');
  const autumn = next(at, zone, Date.UTC(2026, 9, 24, 12));
  expect(shown(autumn, zone)).toContain('2026-10-25T02:30:00+02:00');
  expect(shown(next(at, zone, autumn ?? 0), zone)).toContain('2026-10-26T02:30:00+01:00');
});

test('the answer does not depend on where between two runs one asks', () => {
  for (const zone of ZONES) {
    const found = runs({ kind: 'daily', at: '02:30' }, zone, Date.UTC(2026, 0), Date.UTC(2027, 0));
    for (const [index, at] of found.slice(1).entries()) {
      const before = found[index] ?? 0;
      for (const share of [0, 0.04, 0.5]) {
        const after = Math.floor(before + (at - before) * share);
        expect(next({ kind: 'daily', at: '02:30' }, zone, after)).toBe(at);
      }
    }
  }
});

describe('the delay', () => {
  const with_ = (jitterSeed: string, schedule: Schedule) => (after: number) =>
    nextDue({ schedule, zone: 'UTC', after, jitterSeed, jitterMaxMs: 600_000 }) ?? 0;
  test('is the same for a machine and differs between machines', () => {
    const daily: Schedule = { kind: 'daily', at: '04:00' };
    const delays = Array.from(
      { length: 50 },
      (_, n) => with_(`machine ${n}`, daily)(FROM) - (FROM + 4 * HOUR_MS),
    );
    expect(new Set(delays).size).toBeGreaterThan(40);
    for (const delay of delays) expect(delay >= 0 && delay < 600_000).toBe(true);
    expect(with_('machine 3', daily)(FROM) - (FROM + 4 * HOUR_MS)).toBe(delays[3]);
  });
  test('is shorter than the interval and drops no run', () => {
    for (let n = 0; n < 20; n++) {
      const ask = with_(`machine ${n}`, { kind: 'cron', expression: '*/5 * * * *' });
      const first = ask(FROM);
      expect(first - FROM).toBeLessThanOrEqual(300_000);
      expect(ask(first) - first).toBe(300_000);
    }
  });
});

describe('cron', () => {
  const first = (expression: string, after = Date.UTC(2026, 0, 1)) =>
    new Date(next({ kind: 'cron', expression }, 'UTC', after) ?? 0).toISOString().slice(0, 16);
  test.each([
    ['30 2 * * *', '2026-01-01T02:30'],
    ['*/20 * * * *', '2026-01-01T00:20'],
    ['5/20 1 * * *', '2026-01-01T01:05'],
    ['0 9-17/4,22 * * *', '2026-01-01T09:00'],
    ['0 0 * FEB MON', '2026-02-02T00:00'],
    ['0 0 * * 7', '2026-01-04T00:00'],
    ['0 0 13 * FRI', '2026-01-02T00:00'],
    ['0 0 29 2 *', '2028-02-29T00:00'],
  ])('%s comes at %s', (expression, at) => {
    expect(first(expression)).toBe(at);
  });
  test.each([
    ['* * * *', '4 fields'],
    ['* * * * * *', '6 fields'],
    ['60 * * * *', '"60" as minute'],
    ['* 24 * * *', '"24" as hour'],
    ['0 0 0 * *', '"0" as day of the month'],
    ['0 0 * 13 *', '"13" as month'],
    ['0 0 * * 8', '"8" as day of the week'],
    ['5-1 * * * *', '"5-1"'],
    ['*/0 * * * *', '"*/0"'],
    ['1,,2 * * * *', '"" as minute'],
    ['*-5 * * * *', '"*-5"'],
    ['1-2-3 * * * *', '"1-2-3"'],
    ['0 0 L * *', '"L"'],
  ])('refuses %s, naming what is wrong', (expression, fault) => {
    expect(() => parseCron(expression)).toThrow(fault);
  });
  test('refuses a day that never comes', () => {
    expect(() => first('0 0 30 2 *')).toThrow(/never comes/);
  });
});
