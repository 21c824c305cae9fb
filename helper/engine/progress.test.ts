import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HelperProgress } from '../../contract/helper-messages.ts';
import type { Session } from '../session.ts';
import { createProgressMeter, type ProgressMeter } from './progress.ts';

const RETRY =
  'Save(<data/1>) returned error, retrying after 1s: unexpected HTTP response (503): 503 Service Unavailable';

describe('progress', () => {
  let sent: HelperProgress[];
  let meter: ProgressMeter;
  let waitingSince: number | undefined;

  beforeEach(() => {
    vi.useFakeTimers();
    sent = [];
    waitingSince = undefined;
    const session = {
      clock: Date.now,
      output: { progress: (progress: HelperProgress) => sent.push(progress) },
    } as unknown as Session;
    meter = createProgressMeter(session, { phase: 'uploading', waitingSince: () => waitingSince });
  });
  afterEach(() => {
    meter[Symbol.dispose]();
    vi.useRealTimers();
  });

  const status = (bytesDone: number) =>
    meter.onStatus({ message_type: 'status', bytes_done: bytesDone, total_bytes: 1_000, total_files: 2 });

  it('is sent once a second with share, speed and remaining time', () => {
    for (let second = 1; second <= 5; second += 1) {
      vi.advanceTimersByTime(1_000);
      status(second * 100);
    }
    expect(sent).toHaveLength(5);
    expect(sent.at(-1)).toMatchObject({
      phase: 'uploading',
      fraction: 0.4,
      filesDone: 0,
      filesTotal: 2,
      bytesTotal: 1_000,
    });
    expect(sent.at(-1)?.bytesPerSecond).toBeCloseTo(100);
    expect(sent.at(-1)?.remainingMs).toBeCloseTo(6_000);
  });

  it('is a scan while the total is not known', () => {
    meter.onStatus({ message_type: 'status', bytes_done: 5 });
    vi.advanceTimersByTime(1_000);
    expect(sent[0]).toMatchObject({ phase: 'scanning' });
    expect(sent[0]).not.toHaveProperty('fraction');
  });

  it('says why nothing moves after 15 seconds, and stops when it moves again', () => {
    status(10);
    meter.onText(RETRY);
    vi.advanceTimersByTime(14_000);
    expect(sent.some(({ stall }) => stall)).toBe(false);
    vi.advanceTimersByTime(2_000);
    expect(sent.at(-1)?.stall).toBe('the storage answers 503: it asks us to slow down; trying again');
    status(20);
    vi.advanceTimersByTime(1_000);
    expect(sent.at(-1)).not.toHaveProperty('stall');
  });

  it('goes on when a request went through, though no byte was read meanwhile', () => {
    status(10);
    meter.onText(RETRY);
    vi.advanceTimersByTime(16_000);
    expect(sent.at(-1)).toHaveProperty('stall');
    meter.onText('Save(<data/1>) operation successful after 3 retries');
    vi.advanceTimersByTime(1_000);
    expect(sent.at(-1)).not.toHaveProperty('stall');
  });

  it('has no speed and no end in sight while the last of what was read is sent', () => {
    status(500);
    vi.advanceTimersByTime(1_000);
    status(1_000);
    vi.advanceTimersByTime(1_000);
    expect(sent.at(-1)).toMatchObject({ phase: 'uploading', fraction: 1, remainingMs: 0 });
    vi.advanceTimersByTime(3_000);
    expect(sent.at(-1)).toEqual({
      phase: 'finishing',
      fraction: 1,
      filesDone: 0,
      filesTotal: 2,
      bytesDone: 1_000,
      bytesTotal: 1_000,
    });
  });

  it('says after a while that nothing moves when nobody says why', () => {
    status(10);
    vi.advanceTimersByTime(50_000);
    expect(sent.at(-1)?.stall).toMatch(/^nothing has moved for \d\d s/);
  });

  it('says that it waits for access to the storage', () => {
    waitingSince = Date.now();
    vi.advanceTimersByTime(16_000);
    expect(sent.at(-1)?.stall).toBe('waiting for access to the storage');
  });
});
