import { createHash } from 'node:crypto';
import { AppError, type Schedule } from '../../contract/index.ts';
import { parseCron } from './cron-expression.ts';
import { firstMatch, HOUR_MS, MINUTE_MS, type WallPattern } from './wall-pattern.ts';
import { lastTransition, nextTransition, offsetAt } from './zone-offsets.ts';

export interface DueOptions {
  readonly schedule: Schedule;
  /** IANA name; the schedule is wall time there. */
  readonly zone: string;
  /** The answer is later than this moment, UTC milliseconds. */
  readonly after: number;
  /** Spreads machines and plans; the same seed always gets the same delay. */
  readonly jitterSeed: string;
  /** The delay is shorter than this, and than the schedule's interval. */
  readonly jitterMaxMs: number;
}

/**
 * The next moment a schedule means, UTC milliseconds; null for a manual one.
 * When the clocks go forward, a time that does not exist runs at the first moment after the gap; when they go back, a
 * time that comes twice runs the first time. A schedule for every hour goes by elapsed time through both.
 * @throws AppError `invalid_input` with field `schedule`
 */
export function nextDue(options: DueOptions): number | null {
  const pattern = patternOf(options.schedule);
  if (!pattern) return null;
  const jitterMs = jitter(options, pattern);
  const next = nextOccurrence(pattern, options.zone, options.after - jitterMs);
  if (next !== undefined) return next + jitterMs;
  throw new AppError('invalid_input', 'the schedule never comes: no such day exists', {
    field: 'schedule',
    hint: 'correct its day and month',
  });
}

const EVERY_HOUR = Array.from({ length: 24 }, (_, hour) => hour);

function patternOf(schedule: Schedule): WallPattern | undefined {
  switch (schedule.kind) {
    case 'manual':
      return undefined;
    case 'hourly':
      return { minutes: [schedule.minute], hours: EVERY_HOUR, matchesDay: () => true };
    case 'daily':
      return { ...timeOfDay(schedule.at), matchesDay: () => true };
    case 'weekly':
      return { ...timeOfDay(schedule.at), matchesDay: ({ weekday }) => weekday === schedule.day };
    case 'monthly':
      return {
        ...timeOfDay(schedule.at),
        matchesDay: ({ day, lastDay }) => day === Math.min(schedule.day, lastDay),
      };
    case 'cron':
      return parseCron(schedule.expression);
  }
}

const timeOfDay = (at: string): Pick<WallPattern, 'hours' | 'minutes'> => ({
  hours: [Number(at.slice(0, 2))],
  minutes: [Number(at.slice(3))],
});

/** Goes from one setting of the zone's clocks to the next; between two of them wall time is plain arithmetic. */
function nextOccurrence(pattern: WallPattern, zone: string, after: number): number | undefined {
  let at = after;
  let offset = offsetAt(zone, at);
  let wallFrom = Math.max(after + 1 + offset, endOfRepeated(pattern, zone, after));
  for (;;) {
    const wall = firstMatch(pattern, wallFrom);
    if (wall === undefined) return undefined;
    const next = nextTransition(zone, at);
    if (!next || wall - offset < next.at) return wall - offset;
    const shift = next.offsetAfter - next.offsetBefore;
    const isElapsed = goesByElapsedTime(pattern, shift);
    const wallBefore = next.at + next.offsetBefore;
    const wallAfter = next.at + next.offsetAfter;
    if (wall < wallAfter && !isElapsed) return next.at;
    wallFrom = isElapsed ? wallAfter : Math.max(wallBefore, wallAfter);
    at = next.at;
    offset = next.offsetAfter;
  }
}

/** Wall times before this one have been there already, if the clocks were last set back. */
function endOfRepeated(pattern: WallPattern, zone: string, after: number): number {
  const last = lastTransition(zone, after);
  if (!last || goesByElapsedTime(pattern, last.offsetAfter - last.offsetBefore)) return -Infinity;
  return last.at + last.offsetBefore;
}

/** A shift by less than an hour would put two hourly runs too near to each other. */
const goesByElapsedTime = (pattern: WallPattern, shiftMs: number): boolean =>
  pattern.hours.length === 24 && Math.abs(shiftMs) >= HOUR_MS;

function jitter({ jitterSeed, jitterMaxMs }: DueOptions, pattern: WallPattern): number {
  const limitMs = Math.floor(Math.min(jitterMaxMs, shortestIntervalMs(pattern)));
  if (limitMs <= 0) return 0;
  return createHash('sha256').update(jitterSeed).digest().readUIntBE(0, 6) % limitMs;
}

function shortestIntervalMs({ minutes }: WallPattern): number {
  const first = minutes[0] ?? 0;
  const gaps = minutes.map((minute, index) => (minutes[index + 1] ?? first + 60) - minute);
  return Math.min(...gaps) * MINUTE_MS;
}
