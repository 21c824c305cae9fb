import type { SnapshotState } from '../../contract/index.ts';

/** One line of the ledger. */
export interface SnapshotRow {
  readonly id: string;
  readonly resticId: string;
  readonly planId: string;
  readonly jobId: string | null;
  readonly takenAt: number;
  readonly paths: readonly string[];
  readonly filesTotal: number | null;
  readonly bytesTotal: number | null;
  readonly addedBytes: number | null;
  readonly incomplete: boolean;
  readonly state: SnapshotState;
}

export interface SnapshotTable {
  insert(row: SnapshotRow): void;
  setState(id: string, state: SnapshotState): void;
  remove(id: string): void;
  /** By our id or restic's, or a unique prefix of either of at least 4 characters. */
  find(idPrefix: string): SnapshotRow | 'ambiguous' | undefined;
  /** Newest first. */
  list(planId?: string): SnapshotRow[];
  newest(planId: string): SnapshotRow | undefined;
  /** Count of the plan's present snapshots and sum of what they added. */
  totals(planId: string): { count: number; addedBytes: number };
}
