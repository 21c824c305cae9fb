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
