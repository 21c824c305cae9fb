import type { Chance } from '../base/ids.ts';

export interface Backoff {
  /** Milliseconds to wait before the next try: anywhere between 0 and a limit that doubles (full jitter). */
  next(atLeastMs?: number): number;
  reset(): void;
}

export function createBackoff(options: { baseMs: number; maxMs: number; chance: Chance }): Backoff {
  let tries = 0;
  return {
    next(atLeastMs = 0) {
      const limit = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(tries, 30));
      tries += 1;
      return Math.max(atLeastMs, options.chance.integer(Math.max(1, Math.ceil(limit))));
    },
    reset() {
      tries = 0;
    },
  };
}

/** Resolves after the time, or at once when the signal is or gets aborted. Keeps no process alive. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    timer.unref();
    signal.addEventListener('abort', done, { once: true });
  });
}
