import type { Plan, Snapshot } from '../../contract/index.ts';
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
  /** By plan: the list of snapshots that the index was last found to be right for. */
  const settled = new Map<string, string>();
  const tried = new Map<string, { readonly list: string; readonly at: number }>();
  const look = async (plan: Plan): Promise<void> => {
    const present = await presentOf(options, plan);
    const [newest, list] = [present[0], signatureOf(present)];
    const before = tried.get(plan.id);
    const now = options.clock.monotonic();
    if (settled.get(plan.id) === list || !newest) return;
    if (before?.list === list && now - before.at < TRY_AGAIN_MS) return;
    tried.set(plan.id, { list, at: now });
    await clearAway({ options, shelf, queue }, plan);
    const isHuge = (newest.filesTotal ?? 0) > HUGE_FILES;
    if (!isHuge && !(await isIndexed(shelf, newest))) await queue.add(newest, false);
    settled.set(plan.id, list);
  };
  return async () => {
    shelf.rest();
    queue.wake();
    if (!options.isIdle()) return;
    const armed = options.plans.list().filter(({ state }) => state !== 'unarmed');
    // The queue has logged what it could not do, and nobody waits for it here.
    await Promise.all(armed.map((plan) => look(plan).catch((error: unknown) => logFailure(options, error))));
  };
}

/** Snapshots only come at one end and leave anywhere: another list has another number or newest one. */
const signatureOf = (present: readonly Snapshot[]): string =>
  `${present.length} ${present[0]?.resticId} ${present.at(-1)?.resticId}`;

function logFailure({ log }: SnapshotIndexOptions, error: unknown): void {
  log.debug({ err: error }, 'an index could not be tended');
}

const isIndexed = async (shelf: Shelf, { planId, resticId }: Snapshot): Promise<boolean> =>
  await shelf.use(planId, (store) => store.snapshots().some((each) => each.resticId === resticId));

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
