import { setTimeout as wait } from 'node:timers/promises';

/** What a late timer may make up for: without it each slice would be late by as much as its timer. */
const CATCH_UP_MS = 100;

/** Lets bytes pass at a rate that may change at any time. */
export interface TokenBucket {
  /** Resolves when that many bytes may go. */
  take(bytes: number): Promise<void>;
  /** How many bytes should go at once, so that a change of the rate is felt within a quarter of a second. */
  slice(): number;
}

const LARGEST_SLICE = 16 * 1024;

/** @param kibPerSecond asked for each slice; undefined: as fast as it goes */
export function createTokenBucket(kibPerSecond: () => number | undefined): TokenBucket {
  let freeAt = 0;
  const bytesPerMs = (): number | undefined => {
    const rate = kibPerSecond();
    return rate === undefined ? undefined : (rate * 1024) / 1000;
  };
  return {
    async take(bytes) {
      const rate = bytesPerMs();
      if (rate === undefined) return;
      const now = performance.now();
      freeAt = Math.max(freeAt, now - CATCH_UP_MS) + bytes / rate;
      if (freeAt > now) await wait(freeAt - now);
    },
    slice() {
      const rate = bytesPerMs();
      return rate === undefined ? Infinity : Math.max(256, Math.min(LARGEST_SLICE, Math.floor(rate * 250)));
    },
  };
}
