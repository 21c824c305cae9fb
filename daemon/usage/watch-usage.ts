import type { Log } from '../base/log.ts';
import type { Store } from '../store/store.ts';
import type { UsageMeter } from './usage.ts';

export interface WatchUsageOptions {
  readonly usage: Pick<UsageMeter, 'get'>;
  readonly store: Pick<Store, 'events' | 'onAppended'>;
  readonly log: Log;
}

export interface UsageWatch {
  /** Measures again, e.g. after somebody signed in. */
  measure(): void;
  stop(): void;
}

const HOUR_MS = 3_600_000;

/** Keeps the meter true: measured at the start, after every snapshot, and each hour. */
export function watchUsage({ usage, store, log }: WatchUsageOptions): UsageWatch {
  let seen = store.events.newestSeq();
  const measure = (): void => {
    usage.get(true).catch((error: unknown) => log.warn({ err: error }, 'usage could not be measured'));
  };
  const unsubscribe = store.onAppended((newest) => {
    const events = store.events.after(seen, newest - seen);
    seen = newest;
    if (events.some(({ kind }) => kind === 'snapshot.recorded')) measure();
  });
  const hourly = setInterval(measure, HOUR_MS);
  hourly.unref();
  measure();
  return {
    measure,
    stop() {
      clearInterval(hourly);
      unsubscribe();
    },
  };
}
