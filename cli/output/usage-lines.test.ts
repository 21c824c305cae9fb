import { describe, expect, it } from 'vitest';
import { forecastWords } from '../../contract/index.ts';
import { NOW, PLAN_ID, sampleUsage } from '../test-support/samples.ts';
import { printer } from '../test-support/screen.ts';
import { usageLines } from './usage-lines.ts';

describe('usage', () => {
  const DAY = 86_400_000;
  const GIB = 1024 ** 3;
  const full = sampleUsage({
    usedBytes: 9 * GIB,
    freeBytes: GIB,
    reclaimableBytes: GIB,
    forecast: {
      earliestAt: NOW + 36 * DAY,
      latestAt: NOW + 55 * DAY,
      bytesPerDay: 20_000_000,
      days: 30,
    },
    price: { currency: 'EUR', perGibMonth: 0.5 },
    overage: { limitBytes: 100 * GIB, usedBytes: 0, costPerMonth: 0 },
    policy: { atLimit: 'stop' },
    byPlan: [
      { planId: PLAN_ID, planName: 'mail', storedBytes: GIB },
      { planId: PLAN_ID, planName: 'photos', storedBytes: 7 * GIB, nextBytes: 5_000_000 },
    ],
  });

  it('near its end shows where it goes, what it would cost, and what helps', () => {
    expect(usageLines(full, printer().print, NOW)).toEqual([
      '9.00 GiB of 10.0 GiB used, measured by Space 2 minutes ago',
      '[████████████████████████████████▒▒▒▒░░░░] 90 %',
      '',
      'Kept         8.00 GiB for snapshots',
      'Reclaimable  1.00 GiB in no snapshot: a broken run left it, the next one uses it again',
      'Free         1.00 GiB',
      'Full         in about 5–8 weeks, at 19.1 MiB a day (by the last 30 days)',
      'Beyond       up to 100 GiB more for 0.5 EUR per GiB and month',
      'At limit     stop, and keep what was uploaded',
      '',
      'PLAN      STORED   NEXT SNAPSHOT',
      'photos  7.00 GiB  about 4.77 MiB',
      'mail    1.00 GiB',
      '',
      'What helps',
      '  Get more storage at your Space.',
      '  Save less:              olares-backup plan edit photos --exclude PATTERN',
      '  Keep a plan elsewhere:  olares-backup plan add NAME --path DIR --location DIR',
      '  Pay for more (0.5 EUR per GiB and month): set quota.atLimit to "pay" and quota.payUpTo in the settings',
      '  Snapshots that exist stay, and can be restored at any time.',
    ]);
  });

  it('beyond the total says what that costs', () => {
    const lines = usageLines(
      sampleUsage({
        ...full,
        usedBytes: 12 * GIB,
        overage: { limitBytes: 100 * GIB, usedBytes: 2 * GIB, costPerMonth: 1 },
      }),
      printer().print,
      NOW,
    );
    expect(lines.join('\n')).toContain('2.00 GiB used, 1 EUR a month; up to 100 GiB more');
    expect(lines[1]).toMatch(/120 %$/);
  });

  it.each([
    ['5 EUR', false],
    ['0.5 EUR', true],
    ['500 JPY', true],
  ])('that may cost %s and costs 1 EUR says whether anything is still uploaded', (payUpTo, isStopped) => {
    const overage = { limitBytes: 100 * GIB, usedBytes: 2 * GIB, costPerMonth: 1 };
    const paid = { ...full, usedBytes: 12 * GIB, overage, policy: { atLimit: 'pay' as const, payUpTo } };
    expect(usageLines(paid, printer().print, NOW).join().includes('No new data is uploaded')).toBe(isStopped);
  });

  it.each([
    [1, 1, 'in about 1 day'],
    [5.5, 8.2, 'in about 5–9 days'],
    [36, 55, 'in about 5–8 weeks'],
    [80, 200, 'in about 2–7 months'],
    [36, undefined, 'not before 5 weeks'],
  ])('full in %d to %s days reads "%s"', (low, high, words) => {
    const latest = high === undefined ? {} : { latestAt: NOW + high * DAY };
    expect(forecastWords({ earliestAt: NOW + low * DAY, ...latest, bytesPerDay: 1, days: 9 }, NOW)).toBe(
      words,
    );
  });
});
