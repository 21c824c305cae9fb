import { describe, expect, it } from 'vitest';
import { sampleRequest } from '../test-support/samples.ts';
import type { Session } from '../session.ts';
import { requireDate } from './old-snapshot.ts';

// Noon, so that it is the same day in every zone of the tests.
const TAKEN = Date.UTC(2026, 3, 20, 12);
const DAY_MS = 86_400_000;
const behind = (days: number) =>
  sampleRequest({ takenAt: TAKEN, newestTakenAt: TAKEN + days * DAY_MS, newerSnapshots: 31 });
const script = { interactive: false, yes: true } as Session;

describe('an old snapshot', () => {
  it('needs its date from a script, and tells the distance: a yes is not enough', async () => {
    await expect(requireDate(script, behind(214), undefined)).rejects.toMatchObject({
      code: 'invalid_input',
      field: '--accept-date',
      message: expect.stringContaining('7 months and 31 snapshots older than the newest one'),
      hint: expect.stringContaining('--accept-date 2026-04-20'),
    });
  });

  it.each(['2026-04-21', '20.4.2026', '', 'yes'])('is not restored for the date %j', async (said) => {
    await expect(requireDate(script, behind(214), said)).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('nothing was downloaded or changed'),
    });
  });

  it('is restored for its own date', async () => {
    await expect(requireDate(script, behind(214), '2026-04-20')).resolves.toBeUndefined();
  });
});

it('a snapshot of the last weeks, or one whose plan is not known, needs none', async () => {
  await expect(requireDate(script, behind(29), undefined)).resolves.toBeUndefined();
  await expect(requireDate(script, sampleRequest(), undefined)).resolves.toBeUndefined();
});
