import type { DiffAnswer, DiffEntry, DiffKind } from '../../contract/index.ts';
import type { NodeState } from '../store/index-reader.ts';
import type { IndexStore } from '../store/index-types.ts';
import { has, isSame } from './living.ts';
import { turn } from './turn.ts';

/** About 20 ms of looking through states. */
const STEP_NODES = 50_000;

export interface DiffOptions {
  /** Numbers of the two snapshots. */
  readonly a: number;
  readonly b: number;
  readonly limit: number;
  readonly after: number;
}

export type Differences = Omit<DiffAnswer, 'a' | 'b'>;

interface Change {
  readonly kind: DiffKind;
  readonly former: NodeState | undefined;
  readonly now: NodeState | undefined;
}

interface Tally {
  readonly counts: DiffAnswer['counts'];
  addedBytes: number;
  removedBytes: number;
}

/** Counts everything, and tells a page of it. */
export async function diffSnapshots(store: IndexStore, options: DiffOptions): Promise<Differences> {
  const { a, b, limit, after } = options;
  const tally: Tally = {
    counts: { added: 0, removed: 0, changed: 0, metadata: 0 },
    addedBytes: 0,
    removedBytes: 0,
  };
  const page: [number, Change][] = [];
  const end = store.newestNode();
  for (let from = 0; from < end; from += STEP_NODES) {
    if (from > 0) await turn();
    const found = changes(store, a, { b, from });
    for (const [, change] of found) count(tally, change);
    if (page.length <= limit) page.push(...found.filter(([node]) => node > after).slice(0, limit + 1));
  }
  const shown = page.slice(0, limit);
  const last = shown.at(-1);
  return {
    ...tally,
    entries: shown.map(([node, change]) => entryOf(store.pathOf(node), change)),
    ...(page.length > limit && last && { next: last[0] }),
  };
}

function count(tally: Tally, { kind, former, now }: Change): void {
  tally.counts[kind] += 1;
  if (kind === 'added') tally.addedBytes += now?.size ?? 0;
  if (kind === 'removed') tally.removedBytes += former?.size ?? 0;
}

function changes(store: IndexStore, a: number, { b, from }: { b: number; from: number }) {
  const found = new Map<number, { former?: NodeState; now?: NodeState }>();
  for (const state of store.differences(a, b, { from, to: from + STEP_NODES })) {
    const pair = found.get(state.node) ?? {};
    found.set(state.node, pair);
    if (has(state, a)) pair.former = state;
    else pair.now = state;
  }
  return [...found].flatMap(([node, { former, now }]): [number, Change][] => {
    // Gone and come back as it was: two states, and no difference.
    if (former && now && isSame(former, now)) return [];
    return [[node, { kind: kindOf(former, now), former, now }]];
  });
}

function kindOf(former: NodeState | undefined, now: NodeState | undefined): DiffKind {
  if (!former) return 'added';
  if (!now) return 'removed';
  if (former.type !== now.type) return 'changed';
  // The time of a directory only says that something in it came or went, which is told by itself.
  if (now.type === 'dir') return 'metadata';
  return former.size !== now.size || former.mtime !== now.mtime ? 'changed' : 'metadata';
}

function entryOf(path: string, { kind, former, now }: Change): DiffEntry {
  const { type, size, mtime } = (now ?? former) as NodeState;
  const formerSize = now ? (former?.size ?? null) : null;
  return {
    change: kind,
    path,
    type,
    ...(size !== null && { sizeBytes: size }),
    ...(formerSize !== null && { formerSizeBytes: formerSize }),
    ...(mtime !== null && { modifiedAt: mtime }),
  };
}
