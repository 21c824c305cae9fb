import type { FoundFile, Plan, SnapshotRef } from '../../contract/index.ts';
import type { NodeState } from '../store/index-reader.ts';
import type { IndexStore } from '../store/index-types.ts';
import { has, isSame, type Living } from './living.ts';
import type { NamePattern } from './name-pattern.ts';
import { turn } from './turn.ts';

/** About 20 ms of looking through names. */
const STEP_NODES = 100_000;

export interface FindOptions {
  readonly plan: Pick<Plan, 'id' | 'name'>;
  readonly pattern: NamePattern;
  readonly living: readonly Living[];
  readonly limit: number;
}

/** At most `limit` files, by path. */
export async function findFiles(store: IndexStore, options: FindOptions): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  if (options.living.length === 0) return found;
  const end = store.newestNode();
  for (let from = 0; from < end && found.length < options.limit; from += STEP_NODES) {
    if (from > 0) await turn();
    for (const node of store.search(options.pattern.query, from, from + STEP_NODES)) {
      const file = fileOf(store, node, options);
      if (file) found.push(file);
      if (found.length >= options.limit) break;
    }
  }
  return found.sort((one, other) => (one.path < other.path ? -1 : 1));
}

function fileOf(store: IndexStore, node: number, options: FindOptions): FoundFile | undefined {
  const { plan, pattern, living } = options;
  const states = store.states(node);
  const seen = living.flatMap((snapshot) => {
    const state = states.find((each) => has(each, snapshot.seq));
    return state ? [{ snapshot, state }] : [];
  });
  const [oldest, newest] = [seen[0], seen.at(-1)];
  if (!oldest || !newest) return undefined;
  const path = store.pathOf(node);
  if (!pattern.fits(path)) return undefined;
  return {
    planId: plan.id,
    planName: plan.name,
    path,
    ...sizeAndTime(newest.state),
    firstSeen: withoutSeq(oldest.snapshot),
    lastSeen: withoutSeq(newest.snapshot),
    snapshots: seen.length,
    states: countStates(seen.map(({ state }) => state)),
    deleted: newest.snapshot !== living.at(-1),
  };
}

function sizeAndTime({ type, size, mtime }: NodeState): Pick<FoundFile, 'type' | 'sizeBytes' | 'modifiedAt'> {
  return { type, ...(size !== null && { sizeBytes: size }), ...(mtime !== null && { modifiedAt: mtime }) };
}

const withoutSeq = ({ id, resticId, takenAt }: Living): SnapshotRef => ({ id, resticId, takenAt });

function countStates(states: readonly NodeState[]): number {
  const different: NodeState[] = [];
  for (const state of new Set(states)) {
    if (!different.some((each) => isSame(each, state))) different.push(state);
  }
  return different.length;
}
