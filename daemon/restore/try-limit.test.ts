import { expect, it } from 'vitest';
import { formatBackupUrl } from './backup-url.ts';
import { createTryLimit, subjectOf } from './try-limit.ts';

function setUp() {
  let now = 1_000_000_000;
  const facts = new Map<string, unknown>();
  const store = {
    facts: {
      get: (key: string) => facts.get(key),
      set: (key: string, value: unknown) => void facts.set(key, value),
      remove: (key: string) => void facts.delete(key),
    },
    commit: <T>(change: (append: () => void) => T): T => change(() => undefined),
  };
  const clock = { now: () => now, monotonic: () => now };
  const waitOf = (): number => {
    try {
      createTryLimit(store, clock).require('plan');
      return 0;
    } catch (error) {
      return (error as { retryAfterMs: number }).retryAfterMs;
    }
  };
  return { limit: () => createTryLimit(store, clock), waitOf, pass: (ms: number) => (now += ms) };
}

it('gives five free tries, then waits that double up to 15 minutes, also after a restart', () => {
  const { limit, waitOf, pass } = setUp();
  const left = [0, 1, 2, 3, 4].map(() => {
    const triesLeft = limit().require('plan');
    limit().wrong('plan');
    return triesLeft;
  });
  expect(left).toEqual([5, 4, 3, 2, 1]);
  const waits = Array.from({ length: 8 }, () => {
    const waitMs = waitOf();
    pass(waitMs);
    expect(limit().require('plan')).toBe(0);
    limit().wrong('plan');
    return waitMs / 1000;
  });
  expect(waits).toEqual([30, 60, 120, 240, 480, 900, 900, 900]);
});

it('forgets wrong tries after a right one, and never mixes repositories', () => {
  const { limit } = setUp();
  for (let i = 0; i < 7; i += 1) limit().wrong('plan');
  expect(limit().require('other')).toBe(5);
  limit().right('plan');
  expect(limit().require('plan')).toBe(5);
});

it('is not made longer by a clock that was set back', () => {
  const { limit, waitOf, pass } = setUp();
  for (let i = 0; i < 5; i += 1) limit().wrong('plan');
  pass(-3_600_000);
  expect(waitOf()).toBe(30_000);
});

it('counts apart for each repository that a Backup URL names, however the URL is written', () => {
  const ofUrl = (planId: string, host: string): string =>
    subjectOf({
      planId: null,
      backupUrl: formatBackupUrl({
        address: `s3:https://${host}/b/olares-backups/photos-${planId}`,
        snapshotId: 'a'.repeat(64),
        snapshotAt: 1000,
        backupPath: '/x',
      }),
    });
  const [one, other] = [crypto.randomUUID(), crypto.randomUUID()];
  expect(ofUrl(one, 'h.example')).not.toBe(ofUrl(other, 'h.example'));
  expect(ofUrl(one, 'h.example')).toBe(ofUrl(one, 'h2.example'));
});
