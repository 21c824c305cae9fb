import { AppError, type Snapshot } from '../../contract/index.ts';
import type { IndexStore } from '../store/index-types.ts';
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
  while (store.cleanStep()) await turn();
  const writer = store.begin(snapshotId);
  let count = 0;
  const { entries } = await engine.run(
    { verb: 'ls-all', access, host: config.engineHost, snapshotId },
    {
      signal,
      ...(credentials && { credentials }),
      async onEntries(batch) {
        // The rest is read without use: a helper whose output nobody takes does not end.
        if (signal.aborted) return;
        writer.add(batch);
        count += batch.length;
        await turn();
      },
    },
  );
  signal.throwIfAborted();
  if (entries !== count) throw new AppError('failed', `${count} of ${entries} entries arrived`);
  while (writer.finishStep()) await turn();
}
