import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AppError, type Schedule } from '../../contract/index.ts';
import { parseCron } from './cron-expression.ts';
import { nextDue } from './next-due.ts';

const zone = fc.constantFrom(...Intl.supportedValuesOf('timeZone'));
const minute = fc.integer({ min: 0, max: 59 });
const at = fc
  .tuple(fc.integer({ min: 0, max: 23 }), minute)
  .map((parts) => parts.map((part) => String(part).padStart(2, '0')).join(':'));
const cron = fc
  .tuple(
    fc.constantFrom('*/15', '0', '7,37', '10-12'),
    fc.constantFrom('*', '2', '1-3', '*/6'),
    fc.constantFrom('*', 'MON', '6,7'),
  )
  .map(([minutes, hours, days]) => `${minutes} ${hours} * * ${days}`);
const schedule: fc.Arbitrary<Schedule> = fc.oneof(
  fc.record({ kind: fc.constant('hourly' as const), minute }),
  fc.record({ kind: fc.constant('daily' as const), at }),
  fc.record({ kind: fc.constant('weekly' as const), day: fc.integer({ min: 0, max: 6 }), at }),
  fc.record({ kind: fc.constant('monthly' as const), day: fc.integer({ min: 1, max: 31 }), at }),
  fc.record({ kind: fc.constant('cron' as const), expression: cron }),
);
const moment = fc.integer({ min: Date.UTC(1990, 0), max: Date.UTC(2060, 0) });
const LONGEST_MS = 33 * 86_400_000;

test('in every zone there is one next run: later than asked, within the interval, and the same from anywhere before', () => {
  fc.assert(
    fc.property(
      zone,
      schedule,
      moment,
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (where, what, after, share) => {
        const ask = (from: number) =>
          nextDue({ schedule: what, zone: where, after: from, jitterSeed: where, jitterMaxMs: 300_000 }) ??
          NaN;
        const due = ask(after);
        expect(due).toBeGreaterThan(after);
        expect(due - after).toBeLessThan(LONGEST_MS);
        expect(ask(after + Math.floor((due - after - 1) * share))).toBe(due);
        expect(ask(due - 1)).toBe(due);
        expect(ask(due)).toBeGreaterThan(due);
      },
    ),
    { numRuns: 1500 },
  );
});

test('any text as cron is either understood or refused in words', () => {
  const field = fc.stringMatching(/^[0-9*,/\-A-Z?#]{0,6}$/);
  const text = fc.oneof(
    fc.string(),
    fc.array(field, { minLength: 5, maxLength: 5 }).map((parts) => parts.join(' ')),
  );
  fc.assert(
    fc.property(text, (expression) => {
      expect(isUnderstoodOrRefused(expression)).toBe(true);
    }),
    { numRuns: 3000 },
  );
});

function isUnderstoodOrRefused(expression: string): boolean {
  try {
    const { minutes, hours } = parseCron(expression);
    return minutes.length > 0 && hours.length > 0;
  } catch (error) {
    return error instanceof AppError && error.field === 'schedule' && error.hint !== undefined;
  }
}
