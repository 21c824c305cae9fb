import type { Clock } from '../base/clock.ts';

export interface FloodGuard {
  /** Counts a frame; false when more came than any honest Space sends. */
  allow(): boolean;
  /** Counts a fault; false when there were more than 20 within a minute. */
  tolerate(): boolean;
}

/**
 * Acks come one per event, at most a window at a time, so honest traffic is far below this: a bucket of 2,000 frames
 * that fills with 500 a second.
 */
const BUCKET = 2000;
const PER_SECOND = 500;
const FAULTS_PER_MINUTE = 20;
const MINUTE_MS = 60_000;

/** A bucket of tokens that fills at a steady pace; each call takes one. */
export function createBucket(
  clock: Pick<Clock, 'monotonic'>,
  { size, perSecond }: { size: number; perSecond: number },
): { take(): boolean } {
  let tokens = size;
  let filledAt = clock.monotonic();
  return {
    take() {
      const now = clock.monotonic();
      tokens = Math.min(size, tokens + ((now - filledAt) / 1000) * perSecond);
      filledAt = now;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}

export function createFloodGuard(clock: Clock): FloodGuard {
  const bucket = createBucket(clock, { size: BUCKET, perSecond: PER_SECOND });
  let faults: number[] = [];
  return {
    allow: () => bucket.take(),
    tolerate() {
      const now = clock.monotonic();
      faults = [...faults.filter((at) => now - at < MINUTE_MS), now];
      return faults.length <= FAULTS_PER_MINUTE;
    },
  };
}
