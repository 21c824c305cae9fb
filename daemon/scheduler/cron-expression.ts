import { AppError, cleanText } from '../../contract/index.ts';
import type { WallPattern } from './wall-pattern.ts';

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const MINUTE: Field = { name: 'minute', min: 0, max: 59 };
const HOUR: Field = { name: 'hour', min: 0, max: 23 };
const DAY: Field = { name: 'day of the month', min: 1, max: 31 };
const MONTH: Field = { name: 'month', min: 1, max: 12, names: MONTHS };
const WEEKDAY: Field = { name: 'day of the week', min: 0, max: 7, names: WEEKDAYS };

/**
 * Cron's five fields with lists, ranges, steps and names; 7 is Sunday too. As in cron, a day matches by either of its
 * two fields when both are restricted, and one that begins with `*` is not.
 * @throws AppError `invalid_input` naming field and value
 */
export function parseCron(expression: string): WallPattern {
  const parts = expression.trim().split(/\s+/);
  const [minute, hour, day, month, weekday] = parts;
  if (parts.length !== 5 || !minute || !hour || !day || !month || !weekday) {
    throw cronError(expression, `has ${parts.length} fields, not 5`);
  }
  const values = (field: Field, text: string) => parseField(field, text, expression);
  const minutes = values(MINUTE, minute);
  const hours = values(HOUR, hour);
  const days = new Set(values(DAY, day));
  const months = new Set(values(MONTH, month));
  const weekdays = new Set(values(WEEKDAY, weekday).map((value) => value % 7));
  const isEither = !day.startsWith('*') && !weekday.startsWith('*');
  return {
    minutes,
    hours,
    matchesDay(at) {
      if (!months.has(at.month)) return false;
      const byDay = days.has(at.day);
      const byWeekday = weekdays.has(at.weekday);
      return isEither ? byDay || byWeekday : byDay && byWeekday;
    },
  };
}

function parseField(field: Field, text: string, expression: string): number[] {
  const values = new Set<number>();
  for (const item of text.split(',')) {
    const range = rangeOf(field, item);
    if (!range) {
      const fault = `has "${cleanText(item, 40)}" as ${field.name}; ${allowed(field)}`;
      throw cronError(expression, fault);
    }
    for (let value = range.low; value <= range.high; value += range.step) values.add(value);
  }
  return [...values].toSorted((a, b) => a - b);
}

interface Range {
  readonly low: number;
  readonly high: number;
  readonly step: number;
}

function rangeOf(field: Field, item: string): Range | undefined {
  const match = /^([^/]+)(?:\/([1-9]\d?))?$/.exec(item);
  const [, span = '', step] = match ?? [];
  const [low, high] = spanOf(field, span, step !== undefined);
  if (low === undefined || high === undefined || low > high) return undefined;
  return { low, high, step: Number(step ?? 1) };
}

function spanOf(field: Field, span: string, isStepped: boolean): (number | undefined)[] {
  if (span === '*') return [field.min, field.max];
  const ends = span.split('-').map((text) => numberOf(field, text));
  if (ends.length > 2) return [];
  // `5/10` is from 5 on, as `5-59/10`.
  return ends.length === 2 ? ends : [ends[0], isStepped ? field.max : ends[0]];
}

function numberOf(field: Field, text: string): number | undefined {
  const named = field.names?.indexOf(text.toUpperCase()) ?? -1;
  if (named >= 0) return named + (field.min === 1 ? 1 : 0);
  if (!/^\d{1,2}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= field.min && value <= field.max ? value : undefined;
}

const allowed = (field: Field): string =>
  `allowed are ${field.min}–${field.max}${field.names ? ` and ${field.names[0]}…` : ''}, lists, ranges and steps`;

function cronError(expression: string, fault: string): AppError {
  return new AppError('invalid_input', `the schedule "${cleanText(expression, 200)}" ${fault}`, {
    field: 'schedule',
    hint: 'five fields: minute hour day month weekday, e.g. "30 2 * * MON-FRI"',
  });
}
