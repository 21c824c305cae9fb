import { describe, expect, it } from 'vitest';
import { formatBytes, formatPercent, counted } from './size.ts';
import { formatAbsolute, formatDuration, formatRelative, formatRemaining } from './time.ts';
import { locationWords, scheduleWords } from './words.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const NOW = Date.UTC(2026, 10, 20, 17, 40);

describe('sizes', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [1024 * 1024 - 1, '1 MiB'],
    [12.34 * 1024 ** 3, '12.3 GiB'],
    [99.96 * 1024 ** 2, '100 MiB'],
    [5 * 1024 ** 6, '5120 PiB'],
  ])('shows %d bytes as %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it('never says 100 percent before the end', () => {
    expect([0, 0.999_999, 1].map(formatPercent)).toEqual(['0 %', '99 %', '100 %']);
  });

  it('counts in the singular and plural', () => {
    expect([counted(1, 'file'), counted(1204, 'file'), counted(2, 'entry', 'entries')]).toEqual([
      '1 file',
      '1,204 files',
      '2 entries',
    ]);
  });
});

describe('times', () => {
  it.each([
    [-20_000, 'just now'],
    [20_000, 'in less than a minute'],
    [-MINUTE_MS, '1 minute ago'],
    [-59 * MINUTE_MS, '59 minutes ago'],
    [-3 * HOUR_MS, '3 hours ago'],
    [21 * HOUR_MS, 'in 21 hours'],
    [-47 * HOUR_MS, '47 hours ago'],
    [-48 * HOUR_MS, '2 days ago'],
    [-45 * DAY_MS, '1 month ago'],
    [-800 * DAY_MS, '2 years ago'],
  ])('says %d ms from now as %s', (distanceMs, text) => {
    expect(formatRelative(NOW + distanceMs, NOW)).toBe(text);
  });

  it('shows the full time in the given zone and names it', () => {
    expect(formatAbsolute(NOW, 'Asia/Tokyo')).toMatch(/Sat, 21 Nov 2026, 02:40.*\(Asia\/Tokyo\)$/);
  });

  it('shows durations and remaining times in two units at most', () => {
    expect([300, 42_000, 185_000, 8_040_000, 51 * HOUR_MS].map(formatDuration)).toEqual([
      'under 1 s',
      '42 s',
      '3 min 5 s',
      '2 h 14 min',
      '2 days 3 h',
    ]);
    expect([3_000, 42_000, 150_000, 2 * HOUR_MS].map(formatRemaining)).toEqual([
      'a few seconds left',
      'about 50 s left',
      'about 3 min left',
      'about 2 h left',
    ]);
  });
});

describe('words', () => {
  it('says schedules as sentences', () => {
    expect([
      scheduleWords({ kind: 'hourly', minute: 5 }),
      scheduleWords({ kind: 'weekly', day: 0, at: '04:30' }),
      scheduleWords({ kind: 'monthly', day: 31, at: '01:00' }),
    ]).toEqual([
      'Every hour, 5 min past',
      'Every Sunday at 04:30',
      'Day 31 of every month (or its last) at 01:00',
    ]);
  });

  it('leaves a password out of an address', () => {
    expect(locationWords({ kind: 'rest', address: 'rest:https://alice:secret@host/path' })).toBe(
      'rest:https://host/path',
    );
  });
});
