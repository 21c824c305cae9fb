import { setTimeout as delay } from 'node:timers/promises';
import { AppError, cleanText, type FoundFile, type IndexState, type Snapshot } from '../../contract/index.ts';
import { buildIndex } from './build-index.ts';
import { createBuildQueue, type BuildQueue } from './build-queue.ts';
import { diffSnapshots } from './diff.ts';
import { findFiles } from './find.ts';
import type { FindQuery, SnapshotIndex, SnapshotIndexOptions } from './index-ports.ts';
import { livingOf, presentOf, refOf } from './living.ts';
import { parseNamePattern } from './name-pattern.ts';
import { createShelf, type Shelf } from './shelf.ts';
import { createTending, HUGE_FILES } from './tend.ts';

const PATIENCE_MS = 10_000;
/** What restic shows for bytes that are no UTF-8. */
const UNTOLD = '\ufffd';

interface Parts {
  readonly options: SnapshotIndexOptions;
  readonly shelf: Shelf;
  readonly queue: BuildQueue;
}

export function createSnapshotIndex(options: SnapshotIndexOptions): SnapshotIndex {
  const { log, isIdle } = options;
  const shelf = createShelf(options);
  const queue = createBuildQueue({
    isIdle,
    log,
    build: async (snapshot, signal) =>
      await shelf.use(
        snapshot.planId,
        async (store) => await buildIndex(options, store, { snapshot, signal }),
      ),
  });
  const parts: Parts = { options, shelf, queue };
  return {
    entries: async (snapshot, path) => await entries(parts, snapshot, path),
    find: async (query) => await find(parts, query),
    diff: async (query) => await diff(parts, query),
    tend: createTending(parts),
    async removePlan(planId) {
      await queue.drop(planId);
      shelf.remove(planId);
    },
    async close() {
      await queue.drop();
      shelf.close();
    },
  };
}

async function entries({ options, shelf, queue }: Parts, snapshot: Snapshot, path: string) {
  refuseUntold(path);
  const seq = await seqOf(shelf, snapshot);
  if (seq === undefined || !path.startsWith('/')) {
    const found = await options.repositories.entries(snapshot, path);
    if ((snapshot.filesTotal ?? 0) <= HUGE_FILES) void queue.add(snapshot, false);
    return found;
  }
  const found = await shelf.use(snapshot.planId, (store) => store.list(seq, path));
  if (found) return found;
  throw new AppError('not_found', `snapshot ${snapshot.resticId.slice(0, 8)} has no ${cleanText(path)}`, {
    hint: 'look at its directories with `olares-backup snapshot ls`',
    field: 'path',
  });
}

function refuseUntold(path: string): void {
  if (!path.includes(UNTOLD)) return;
  throw new AppError('invalid_input', `path: "${cleanText(path)}" has bytes that are no text`, {
    field: 'path',
    hint: 'such a name can be shown but not chosen: choose the directory that holds it',
  });
}

const seqOf = async (shelf: Shelf, { planId, resticId }: Snapshot): Promise<number | undefined> =>
  await shelf.use(planId, (store) => store.snapshots().find((each) => each.resticId === resticId)?.seq);

async function find(parts: Parts, { pattern: text, plan, limit, wait }: FindQuery) {
  const { options, shelf } = parts;
  const pattern = parseNamePattern(text);
  const plans = plan ? [plan] : options.plans.list();
  const found: FoundFile[] = [];
  const total: IndexState = { snapshots: 0, indexed: 0 };
  for (const each of plans) {
    const snapshots = await presentOf(options, each);
    // No file for a plan that has nothing to be found.
    if (snapshots.length === 0) continue;
    await catchUp(parts, snapshots, wait);
    const state = await shelf.use(each.id, async (store) => {
      const living = livingOf(store, snapshots);
      found.push(
        ...(await findFiles(store, { plan: each, pattern, living, limit: limit + 1 - found.length })),
      );
      return { snapshots: snapshots.length, indexed: living.length };
    });
    addState(total, state, parts.queue.isBusy(each.id) ? undefined : parts.queue.problem(each.id));
  }
  return { files: found.slice(0, limit), more: found.length > limit, index: total };
}

function addState(
  total: IndexState,
  { snapshots, indexed }: { snapshots: number; indexed: number },
  problem: string | undefined,
): void {
  total.snapshots += snapshots;
  total.indexed += indexed;
  if (indexed < snapshots && problem !== undefined) total.problem = problem;
}

async function catchUp(parts: Parts, snapshots: readonly Snapshot[], wait: boolean): Promise<void> {
  const first = snapshots[0];
  if (!first) return;
  const indexed = await parts.shelf.use(first.planId, (store) => store.snapshots());
  const known = new Set(indexed.map(({ resticId }) => resticId));
  const building = snapshots
    .filter(({ resticId }) => !known.has(resticId))
    .map((snapshot) => parts.queue.add(snapshot, true));
  if (wait) await patiently(parts.options, Promise.allSettled(building));
}

async function patiently({ patienceMs = PATIENCE_MS }: SnapshotIndexOptions, work: Promise<unknown>) {
  const over = new AbortController();
  const limit = delay(patienceMs, undefined, { signal: over.signal }).catch(() => undefined);
  await Promise.race([work, limit]).finally(() => over.abort());
}

async function diff(parts: Parts, { a, b, limit, after }: Parameters<SnapshotIndex['diff']>[0]) {
  if (a.planId !== b.planId) {
    throw new AppError(
      'invalid_input',
      `${a.resticId.slice(0, 8)} is a snapshot of "${a.planName}", ${b.resticId.slice(0, 8)} of "${b.planName}"`,
      { hint: 'compare two snapshots of one plan', field: 'b' },
    );
  }
  const building: Promise<void>[] = [];
  for (const snapshot of [a, b]) {
    if ((await seqOf(parts.shelf, snapshot)) === undefined) building.push(parts.queue.add(snapshot, true));
  }
  await patiently(parts.options, Promise.all(building));
  const [seqA, seqB] = [await seqOf(parts.shelf, a), await seqOf(parts.shelf, b)];
  if (seqA === undefined || seqB === undefined) {
    throw new AppError('try_later', 'the snapshots are being indexed', {
      hint: 'ask again in a moment',
      retry: 'backoff',
      retryAfterMs: 1_000,
    });
  }
  const found = await parts.shelf.use(a.planId, (store) =>
    diffSnapshots(store, { a: seqA, b: seqB, limit, after }),
  );
  return { a: refOf(a), b: refOf(b), ...found };
}
