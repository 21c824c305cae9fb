import { AppError, type Schedule } from '../../contract/index.ts';

export interface ScheduleFlags {
  readonly schedule?: string;
  readonly at?: string;
  readonly on?: string;
}

const DEFAULT_TIME = '02:00';
const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/**
 * What `--schedule`, `--at` and `--on` mean together; nothing when none is given.
 * @throws AppError `invalid_input` naming the flag and its value
 */
export function parseSchedule(flags: ScheduleFlags): Schedule | undefined {
  const { schedule, at, on } = flags;
  const isGiven = [schedule, at, on].some((flag) => flag !== undefined);
  return isGiven ? scheduleOf(schedule ?? impliedKind(on), flags) : undefined;
}

function scheduleOf(kind: string, { at, on }: ScheduleFlags): Schedule {
  switch (kind) {
    case 'manual':
      return without({ at, on }, 'manual', { kind: 'manual' });
    case 'hourly':
      return without({ on }, 'hourly', { kind: 'hourly', minute: minuteOf(at) });
    case 'daily':
      return without({ on }, 'daily', { kind: 'daily', at: timeOf(at) });
    case 'weekly':
      return { kind: 'weekly', day: weekdayOf(on), at: timeOf(at) };
    case 'monthly':
      return { kind: 'monthly', day: dayOfMonth(on), at: timeOf(at) };
    default:
      return without({ at, on }, 'cron', { kind: 'cron', expression: cronOf(kind) });
  }
}

/** A time alone means each day; a day says itself whether it is one of the week or of the month. */
function impliedKind(on: string | undefined): string {
  if (on === undefined) return 'daily';
  return /^\d+$/.test(on) ? 'monthly' : 'weekly';
}

function without(
  flags: { at?: string | undefined; on?: string | undefined },
  kind: string,
  schedule: Schedule,
): Schedule {
  const extra = Object.entries(flags).find(([, value]) => value !== undefined);
  if (!extra) return schedule;
  throw wrong(`--${extra[0]}`, extra[1] ?? '', `it has no meaning with the schedule ${kind}`);
}

function timeOf(at: string | undefined): string {
  if (at === undefined) return DEFAULT_TIME;
  const match = /^(\d{1,2}):(\d{2})$/.exec(at);
  const [, hour = '', minute = ''] = match ?? [];
  if (!match || Number(hour) > 23 || Number(minute) > 59) {
    throw wrong('--at', at, 'write a time of day, e.g. --at 02:30');
  }
  return `${hour.padStart(2, '0')}:${minute}`;
}

function minuteOf(at: string | undefined): number {
  if (at === undefined) return 0;
  const match = /^(?:(?:\d{1,2})?:)?(\d{1,2})$/.exec(at);
  const minute = Number(match?.[1]);
  if (!match || minute > 59) throw wrong('--at', at, 'write the minute of the hour, e.g. --at :15');
  return minute;
}

function weekdayOf(on: string | undefined): number {
  if (on === undefined) return 0;
  const text = on.toLowerCase();
  if (/^[0-6]$/.test(text)) return Number(text);
  const day = text.length >= 2 ? WEEKDAYS.findIndex((name) => name.startsWith(text)) : -1;
  if (day < 0) throw wrong('--on', on, 'write a day of the week, e.g. --on sunday');
  return day;
}

function dayOfMonth(on: string | undefined): number {
  if (on === undefined) return 1;
  const day = /^\d{1,2}$/.test(on) ? Number(on) : 0;
  if (day < 1 || day > 31)
    throw wrong('--on', on, 'write a day of the month from 1 to 31; short months use their last day');
  return day;
}

function cronOf(text: string): string {
  const expression = text.trim().replace(/\s+/g, ' ');
  if (expression.split(' ').length === 5) return expression;
  throw wrong(
    '--schedule',
    text,
    'write hourly, daily, weekly, monthly, manual, or five cron fields in quotes, e.g. "30 2 * * 1-5"',
  );
}

function wrong(field: string, value: string, hint: string): AppError {
  return new AppError('invalid_input', `${field}: "${value}" is not understood`, { field, hint });
}
