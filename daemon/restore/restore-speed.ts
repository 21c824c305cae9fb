import type { JobResult } from '../../contract/index.ts';
import type { JobHandler } from '../jobs/job-types.ts';
import type { RestoreStore } from './restore-ports.ts';

const FACT = 'restore.bytesPerSecond';
/** Less says more about the start of programs than about the line. */
const MIN_BYTES = 1_000_000;
/** Weight of the newest restore. */
const NEWEST = 0.5;

/** Remembers how fast restores are, so that the next one can be told how long it takes. */
export function measured(handler: JobHandler, facts: RestoreStore['facts']): JobHandler {
  return {
    ...handler,
    run: async (context) => {
      const outcome = await handler.run(context);
      return {
        ...outcome,
        commit: (append) => {
          remember(facts, outcome.result);
          outcome.commit?.(append);
        },
      };
    },
  };
}

function remember(facts: RestoreStore['facts'], result: JobResult): void {
  if (result.kind !== 'restore' || result.bytesRestored < MIN_BYTES || result.durationMs === 0) return;
  const speed = (result.bytesRestored / result.durationMs) * 1000;
  const before = knownSpeed(facts);
  facts.set(FACT, before === undefined ? speed : speed * NEWEST + before * (1 - NEWEST));
}

/** @returns undefined before the first restore of some size */
export function estimateMs(facts: RestoreStore['facts'], bytes: number): number | undefined {
  const speed = knownSpeed(facts);
  return speed === undefined ? undefined : Math.round((bytes / speed) * 1000);
}

function knownSpeed(facts: RestoreStore['facts']): number | undefined {
  const speed = facts.get(FACT);
  return typeof speed === 'number' && speed > 0 ? speed : undefined;
}
