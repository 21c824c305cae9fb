import type { AgentEvent, EventBodies, EventKind } from '../../contract/index.ts';
import type { CommandJournal } from './command-journal.ts';
import type { CommandTable } from './command-table.ts';
import type { JobTable } from './job-table.ts';
import type { PlanTable } from './plan-table.ts';
import type { RequestTable } from './request-table.ts';
import type { SnapshotTable } from './snapshot-table.ts';

/** Adds one event to the log; only inside {@link Store.commit}. */
export type Append = <K extends EventKind>(kind: K, body: EventBodies[K]) => void;

/** The database. Every table object reads freely and writes only inside {@link Store.commit}. */
export interface Store {
  readonly plans: PlanTable;
  readonly jobs: JobTable;
  readonly snapshots: SnapshotTable;
  readonly requests: RequestTable;
  readonly commands: CommandTable;
  readonly commandJournal: CommandJournal;
  readonly facts: FactTable;
  readonly cursors: CursorTable;
  readonly events: EventTable;
  /**
   * Runs `change` in one IMMEDIATE transaction together with the events it appends: either all rows exist or none.
   * Commits may nest; listeners are called once, after the outermost commit. Synchronous: never hold it over `await`.
   * @throws AppError `no_space` when the disk is full
   */
  commit<T>(change: (append: Append) => T): T;
  /** Called after a commit that appended events, with the newest number. Must not throw. */
  onAppended(listener: (newestSeq: number) => void): () => void;
  /** Writes a consistent copy beside the database; keeps the newest 24. */
  copy(): Promise<void>;
  close(): void;
}

export interface EventTable {
  /** Events after a number, oldest first. */
  after(seq: number, limit: number): AgentEvent[];
  newestSeq(): number;
}

/** Small JSON values, one owner per key. */
export interface FactTable {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
  remove(key: string): void;
}

export interface CursorTable {
  get(outlet: string): number;
  /** An outlet that must miss nothing sets its cursor before the first event counts, if only to 0. */
  set(outlet: string, seq: number): void;
  /** The outlet is gone for good: events are no longer kept for it. */
  remove(outlet: string): void;
}

/** The store with what happened when it was opened. */
export interface OpenedStore extends Store {
  /** Set when the database was damaged: the copy it was rebuilt from, or `an empty database`. */
  readonly recoveredFrom?: string;
  /** Where the damaged database was moved. */
  readonly damagedPath?: string;
}
