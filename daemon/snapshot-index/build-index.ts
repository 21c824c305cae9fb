import { AppError, type Snapshot, type SnapshotEntry } from '../../contract/index.ts';
import type { IndexStore, IndexWriter } from '../store/index-types.ts';
import type { SnapshotIndexOptions } from './index-ports.ts';
import { turn } from './turn.ts';

type BuildOptions = Pick<SnapshotIndexOptions, 'plans' | 'engine' | 'door' | 'config'>;

/** Reads the tree of a snapshot from the repository, once and for good. */
export async function buildIndex(
  options: BuildOptions,
  store: IndexStore,
  { snapshot, signal }: { snapshot: Snapshot; signal: AbortSignal },
): Promise<void> {
  const { plans, engine, door, config } = options;
  const { resticId: snapshotId } = snapshot;
  if (store.snapshots().some(({ resticId }) => resticId === snapshotId)) return;
  const plan = plans.get(snapshot.planId);
  const access = await door.access(plan);
  const credentials = door.credentialsFor(plan);
  await store.write(async () => {
    while (store.cleanStep()) await turn();
    const writer = store.begin(snapshotId);
    const intake = createIntake(writer, signal);
    const run = { signal, onEntries: intake.onEntries, ...(credentials && { credentials }) };
    const { entries } = await engine
      .run({ verb: 'ls-all', access, host: config.engineHost, snapshotId }, run)
      // What we could not write explains better why the helper was ended.
      .catch((error: unknown) => Promise.reject((intake.fault() ?? error) as Error));
    signal.throwIfAborted();
    if (entries !== intake.count()) {
      throw new AppError('failed', `${intake.count()} of ${entries} entries arrived`);
    }
    while (writer.finishStep()) await turn();
  });
}

function createIntake(writer: IndexWriter, signal: AbortSignal) {
  let count = 0;
  let fault: unknown;
  return {
    count: () => count,
    fault: () => fault,
    async onEntries(batch: readonly SnapshotEntry[]): Promise<void> {
      // The rest is read without use: a helper whose output nobody takes does not end.
      if (signal.aborted) return;
      try {
        writer.add(batch);
      } catch (error) {
        fault = error;
        throw error;
      }
      count += batch.length;
      await turn();
    },
  };
}
