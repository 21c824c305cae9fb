import type { Plan } from '../../contract/index.ts';
import type { BuildQueue } from './build-queue.ts';
import type { SnapshotIndexOptions } from './index-ports.ts';
import { presentOf } from './living.ts';
import type { Shelf } from './shelf.ts';
import { turn } from './turn.ts';

/** Beyond this nobody's list is worth the work unasked. */
export const HUGE_FILES = 2_000_000;
const TRY_AGAIN_MS = 3_600_000;

export interface Tending {
  readonly options: SnapshotIndexOptions;
  readonly shelf: Shelf;
  readonly queue: BuildQueue;
}

/** What is done now and then, while nobody waits for it. */
export function createTending({ options, shelf, queue }: Tending): () => Promise<void> {
  const triedAt = new Map<string, number>();
  const indexNewest = async (plan: Plan): Promise<void> => {
    const newest = (await presentOf(options, plan))[0];
    if (!newest || (newest.filesTotal ?? 0) > HUGE_FILES) return;
    const { resticId } = newest;
    const tried = triedAt.get(plan.id + resticId);
    const now = options.clock.monotonic();
    if (tried !== undefined && now - tried < TRY_AGAIN_MS) return;
    const isKnown = await shelf.use(plan.id, (store) =>
      store.snapshots().some((each) => each.resticId === resticId),
    );
    triedAt.set(plan.id + resticId, now);
    if (!isKnown) void queue.add(newest, false);
  };
  return async () => {
    queue.wake();
    if (!options.isIdle()) return;
    if (triedAt.size > 1_000) triedAt.clear();
    for (const plan of options.plans.list()) {
      if (plan.state === 'unarmed') continue;
      await clearAway({ options, shelf, queue }, plan);
      await indexNewest(plan);
    }
  };
}

/** Snapshots that left the repository leave the index. */
async function clearAway({ options, shelf, queue }: Tending, plan: Plan): Promise<void> {
  if (queue.isBusy(plan.id)) return;
  const present = new Set((await presentOf(options, plan)).map(({ resticId }) => resticId));
  await shelf.use(plan.id, async (store) => {
    const gone = store.snapshots().filter(({ resticId }) => !present.has(resticId));
    if (gone.length === 0) return;
    await store.write(async () => {
      store.forget(gone.map(({ resticId }) => resticId));
      for (let from = store.purgeStep(0); from !== undefined; from = store.purgeStep(from)) await turn();
    });
  });
}
