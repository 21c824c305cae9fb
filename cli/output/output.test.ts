import { describe, expect, it } from 'vitest';

import {
  JOB_ID,
  NOW,
  REQUEST_ID,
  restoreResult,
  samplePreview,
  sampleJob,
  samplePlan,
  sampleRequest,
  sampleSnapshot,
  sampleStatus,
  sampleUsage,
} from '../test-support/samples.ts';

import { formatBytes, formatDuration, formatMoment, formatRelative, formatTime } from './format.ts';

import { jobResultLines } from './job-lines.ts';
import { toJsonText } from './json.ts';
import { planLines } from './plan-lines.ts';

import { printer, Screen } from '../test-support/screen.ts';
import { createProgressView } from './progress.ts';
import { previewLines } from './request-lines.ts';

import { snapshotLines } from './snapshot-lines.ts';
import { statusLines } from './status-lines.ts';
import { wantsColour } from './style.ts';
import { renderTable } from './table.ts';
import { fitWidth, textWidth } from './text-width.ts';
import { usageLines } from './usage-lines.ts';

it('a preview says how much room is missing', () => {
  const look = { style: printer().print.style, now: NOW };
  const [free] = previewLines(samplePreview({ fits: false, freeBytes: 10 }), look).slice(-1);
  expect(free).toBe('Free      10 B, which is not enough: free 5.30 MiB more there');
});

it('the result of a restore in place says how it is undone', () => {
  const undoPath = '/home/me/Photos.before-restore-1';
  const job = sampleJob({
    kind: 'restore',
    requestId: REQUEST_ID,
    result: restoreResult({ undoPath, undoBytes: 2048, requestCode: '7F3K' }),
  });
  const text = jobResultLines(job, { style: printer().print.style, now: NOW }).join('\n');
  expect(text).toContain(`${undoPath}, which takes 2.00 KiB`);
  expect(text).toContain('olares-backup request undo 7F3K');
});

describe('figures', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.00 KiB'],
    [1_500_000, '1.43 MiB'],
    [1024 ** 2 - 1, '1.00 MiB'],
    [150 * 1024 ** 2, '150 MiB'],
    [10 * 1024 ** 3, '10.0 GiB'],
    [10 * 1024 ** 3 - 1, '10.0 GiB'],
    [5 * 1024 ** 6, '5120 PiB'],
  ])('%d bytes read %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [400, '0.4 s'],
    [12_345, '12 s'],
    [185_000, '3 min 5 s'],
    [7_799_000, '2 h 10 min'],
    [90_000_000, '1 d 1 h'],
    [3_599_900, '60 min'],
  ])('%d ms read %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it.each([
    [0, 'now'],
    [-60_000, '1 minute ago'],
    [3 * 3_600_000, 'in 3 hours'],
    [-27 * 3_600_000, '27 hours ago'],
    [-40 * 86_400_000, '40 days ago'],
    [-800 * 86_400_000, '2 years ago'],
  ])('a moment %d ms away reads %s', (distance, text) => {
    expect(formatRelative(NOW + distance, NOW)).toBe(text);
  });

  it('name the zone of a time', () => {
    expect(formatTime(NOW, 'Europe/Berlin')).toBe('2026-11-20 13:00 Europe/Berlin');
    expect(formatMoment(NOW, NOW, 'UTC')).toBe('2026-11-20 12:00 UTC (now)');
  });

  it('become RFC 3339 in JSON where they are times, and nothing else does', () => {
    const value = { takenAt: NOW, at: 0, sizeBytes: 5, list: [{ undoUntil: NOW }], atlas: 7 };
    expect(JSON.parse(toJsonText(value))).toEqual({
      takenAt: '2026-11-20T12:00:00.000Z',
      at: '1970-01-01T00:00:00.000Z',
      sizeBytes: 5,
      list: [{ undoUntil: '2026-11-20T12:00:00.000Z' }],
      atlas: 7,
    });
  });
});

describe('a table', () => {
  const columns = [
    { title: 'NAME', cell: ({ name }: { name: string }) => name, shrinks: true },
    { title: 'SIZE', cell: () => '12 B', align: 'right' as const },
  ];
  const draw = (name: string, width?: number) =>
    renderTable([{ name }], columns, { title: (text) => text, ...(width === undefined ? {} : { width }) });

  it('stands in columns', () => {
    expect(draw('photos')).toEqual(['NAME    SIZE', 'photos  12 B']);
  });

  it('fits the terminal by cutting what may be cut', () => {
    const lines = draw('a very long name of a plan', 20);
    expect(lines).toEqual(['NAME            SIZE', 'a very long n…  12 B']);
  });

  it('measures wide letters and marks as a terminal does', () => {
    expect(textWidth('日本')).toBe(4);
    expect(textWidth('e\u0301')).toBe(1);
    expect(fitWidth('日本語', 5)).toBe('日本…');
    expect(draw('日本', 20)[1]).toBe('日本  12 B');
  });
});

describe('the status page', () => {
  it('reads as a person expects it', () => {
    const status = sampleStatus({
      level: 'warning',
      sentence: 'One thing needs you.',
      conditions: [
        {
          code: 'no_recovery_key',
          level: 'warning',
          message: 'photos has no recovery words',
          hint: 'add them',
          since: NOW - 7_200_000,
        },
      ],
      requests: [sampleRequest()],
      jobs: [
        sampleJob({
          progress: { jobId: JOB_ID, phase: 'uploading', fraction: 0.5, filesDone: 3, bytesDone: 1024 },
        }),
      ],
    });
    expect(statusLines(status, printer().print)).toEqual([
      '▲ warning  One thing needs you.',
      '  ▲ warning: photos has no recovery words (for 2 hours)',
      '      way out: add them',
      '',
      '  7F3K  Space asks for a restore of photos; answer it with: olares-backup restore 7F3K (expires in 24 hours)',
      '',
      '  backup of photos running uploading 1.00 KiB, 3 files',
      '',
      'PLAN    STATE  LAST GOOD     LAST TRY     NEXT         SCHEDULE        SNAPSHOTS    STORED  LOCATION',
      'photos  armed  27 hours ago  3 hours ago  in 13 hours  daily at 02:00          3  4.77 MiB  Space',
      '',
      'Machine  olares-one',
      'Account  alice@olares.com at https://space.example',
      'Space    live for 1 hour',
      'Usage    4.00 GiB of 10.0 GiB used, measured by Space 2 minutes ago',
    ]);
  });

  it('keeps the terms of the other pages', () => {
    const { print } = printer();
    expect(usageLines(sampleUsage({ canBackup: false }), print, NOW)).toContain(
      'No new data is uploaded. Your existing snapshots are safe and can be restored.',
    );
    expect(snapshotLines(sampleSnapshot({ state: 'missing' }), print, NOW)).toContain(
      'State     gone from storage',
    );
    expect(planLines(samplePlan(), print, NOW)).toContain(
      'Next           2026-11-21 02:00 Europe/Berlin (in 13 hours)',
    );
  });
});

describe('colour', () => {
  it.each([
    [{ isTerminal: true, noColor: false, env: {} }, true],
    [{ isTerminal: false, noColor: false, env: {} }, false],
    [{ isTerminal: true, noColor: true, env: {} }, false],
    [{ isTerminal: true, noColor: false, env: { NO_COLOR: '1' } }, false],
    [{ isTerminal: true, noColor: false, env: { NO_COLOR: '' } }, true],
    [{ isTerminal: true, noColor: false, env: { TERM: 'dumb' } }, false],
  ])('with %j is %s', (wish, wanted) => {
    expect(wantsColour(wish)).toBe(wanted);
  });
});

describe('progress without a terminal', () => {
  it('is one line each ten seconds, and names a stall', async () => {
    const screen = new Screen();
    let now = 0;
    const view = await createProgressView({
      stderr: screen as unknown as NodeJS.WriteStream,
      quiet: false,
      now: () => now,
    });
    for (now = 0; now <= 25_000; now += 1_000) {
      view.show({
        jobId: JOB_ID,
        phase: 'uploading',
        fraction: 0.25,
        filesDone: 1,
        filesTotal: 4,
        bytesDone: 1024,
        bytesTotal: 4096,
        stall: 'quota',
      });
    }
    expect(screen.text.trim().split('\n')).toEqual([
      '25 % uploading 1.00 KiB of 4.00 KiB, 1 of 4 files (waiting: quota)',
      '25 % uploading 1.00 KiB of 4.00 KiB, 1 of 4 files (waiting: quota)',
    ]);
  });
});
