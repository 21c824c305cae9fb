import type { HelperResultOf, Usage } from '../../contract/index.ts';
import { inUnits } from './in-units.ts';
import type { Estimate } from './verdict.ts';

const RUNS = 5;

interface PastRun {
  readonly takenAt: number;
  readonly addedBytes: number | null;
}

/**
 * What the next snapshot will probably add, by the median of the last ones. The first snapshot of all is no guide: it
 * stored everything.
 * @returns undefined while there is no history
 */
export function estimateAddedBytes(runs: readonly PastRun[]): number | undefined {
  const added = runs
    .toSorted((a, b) => a.takenAt - b.takenAt)
    .slice(1)
    .slice(-RUNS)
    .flatMap(({ addedBytes }) => (addedBytes === null ? [] : [addedBytes]))
    .sort((a, b) => a - b);
  return added[Math.floor(added.length / 2)];
}

/** The fact with what the first snapshot of a plan will probably add, in bytes. */
export const firstEstimateKey = (planId: string): string => `usage.first.${planId}`;

/**
 * The same by a count of the sources, for a plan without a snapshot.
 * @param leftover bytes that an earlier try has uploaded, and this one uses again
 */
export function estimateFirst(measured: HelperResultOf<'measure'>, leftover: number): Estimate {
  const { files, bytes, expectedBytes, isWhole } = measured;
  const most = isWhole ? '' : 'at least ';
  return {
    bytes: Math.max(0, expectedBytes - leftover),
    by: `for the first snapshot of ${most}${files.toLocaleString('en')} ${files === 1 ? 'file' : 'files'} (${inUnits(bytes)})`,
  };
}

/** What of the storage is no snapshot's; only a plan that was begun before can have left it. */
export const leftoverOf = (usage: Usage, wasBegun: boolean): number =>
  wasBegun ? usage.reclaimableBytes : 0;
