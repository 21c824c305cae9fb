import type { HelperProgress, Progress } from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';

/** The newest progress of each running job, in memory only. */
export interface ProgressBoard {
  report(jobId: string, progress: HelperProgress): void;
  get(jobId: string): Progress | undefined;
  /** Delivers what was held back and forgets the job. */
  end(jobId: string): void;
  onProgress(listener: (progress: Progress) => void): () => void;
}

const INTERVAL_MS = 1000;

interface Entry {
  newest: Progress;
  deliveredAtMs: number;
  timer: NodeJS.Timeout | undefined;
}

/** Delivers at most one progress per second and job, and always the last one. */
export function createProgressBoard({ clock, log }: { clock: Clock; log: Log }): ProgressBoard {
  const entries = new Map<string, Entry>();
  const listeners = new Set<(progress: Progress) => void>();
  const deliver = (entry: Entry) => {
    clearTimeout(entry.timer);
    entry.timer = undefined;
    entry.deliveredAtMs = clock.monotonic();
    try {
      for (const listener of listeners) listener(entry.newest);
    } catch (error) {
      log.error({ err: error }, 'a listener of progress threw');
    }
  };
  return {
    report(jobId, progress) {
      const entry = entries.get(jobId) ?? {
        newest: { ...progress, jobId },
        deliveredAtMs: -Infinity,
        timer: undefined,
      };
      entries.set(jobId, entry);
      entry.newest = { ...progress, jobId };
      const waitMs = entry.deliveredAtMs + INTERVAL_MS - clock.monotonic();
      if (waitMs <= 0) deliver(entry);
      else entry.timer ??= setTimeout(() => deliver(entry), waitMs).unref();
    },
    get: (jobId) => entries.get(jobId)?.newest,
    end(jobId) {
      const entry = entries.get(jobId);
      if (entry?.timer) deliver(entry);
      entries.delete(jobId);
    },
    onProgress(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
