import type { Plan, Snapshot, SnapshotRef } from '../../contract/index.ts';
import type { NodeState } from '../store/index-reader.ts';
import type { IndexStore } from '../store/index-types.ts';
import type { SnapshotIndexOptions } from './index-ports.ts';

/** A snapshot that is in the repository and in the index. */
export interface Living extends SnapshotRef {
  readonly seq: number;
}

/** By time, the oldest first. */
export function livingOf(store: IndexStore, snapshots: readonly Snapshot[]): Living[] {
  const refs = new Map(snapshots.map((snapshot) => [snapshot.resticId, snapshot]));
  return store
    .snapshots()
    .flatMap(({ seq, resticId }) => {
      const found = refs.get(resticId);
      return found ? [{ seq, ...refOf(found) }] : [];
    })
    .sort((one, other) => one.takenAt - other.takenAt || one.seq - other.seq);
}

export const refOf = ({ id, resticId, takenAt }: Snapshot): SnapshotRef => ({ id, resticId, takenAt });

export const has = ({ first, last }: NodeState, seq: number): boolean => first <= seq && seq <= last;

/** The newest first: that is what people look for. */
export async function presentOf(
  { repositories }: Pick<SnapshotIndexOptions, 'repositories'>,
  plan: Plan,
): Promise<Snapshot[]> {
  const snapshots = await repositories.snapshots(plan, false);
  return snapshots.filter(({ state }) => state !== 'missing');
}

const ATTRIBUTES = ['type', 'size', 'mtime', 'mode', 'uid', 'gid'] as const;

export const isSame = (one: NodeState, other: NodeState): boolean =>
  ATTRIBUTES.every((name) => one[name] === other[name]);
