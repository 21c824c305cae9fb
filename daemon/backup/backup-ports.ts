import type {
  EventBodies,
  HelperRequestOf,
  HelperResultOf,
  Plan,
  RepositoryAccess,
  StorageCredentials,
} from '../../contract/index.ts';
import type { RunOptions } from '../engine/engine.ts';
import type { JobOutcome } from '../jobs/job-types.ts';

/** What this part needs of others, as narrow as it needs it; daemon.ts hands it over. */
export type Append = Parameters<NonNullable<JobOutcome['commit']>>[0];

export interface BackupPlans {
  /** @throws AppError `not_found` */
  get(id: string): Plan;
  row(id: string): { readonly needsRepair: boolean };
  setNeedsRepair(id: string, needsRepair: boolean): void;
}

export interface RepositoryDoor {
  access(plan: Plan): Promise<RepositoryAccess>;
  credentialsFor(plan: Plan): (() => Promise<StorageCredentials>) | undefined;
}

/** One line of the ledger. */
export interface LedgerRow {
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
  readonly state: 'present' | 'missing' | 'foreign';
}

export interface Ledger {
  insert(row: LedgerRow): void;
  remove(id: string): void;
  find(id: string): LedgerRow | 'ambiguous' | undefined;
  newest(planId: string): LedgerRow | undefined;
}

export interface BackupStore {
  readonly snapshots: Ledger;
  readonly facts: { get(key: string): unknown; set(key: string, value: unknown): void };
  commit<T>(change: (append: Append) => T): T;
}

/** What ties a plan's snapshots together beyond the life of one machine. */
export interface Lineage {
  /** restic's host: by it the next snapshot finds its parent. */
  hostOf(planId: string): string;
  /** With what a new machine needs to go on with the plan. */
  settingsTag(plan: Plan): string;
}

export interface BackupEngine {
  prepare(verb: 'backup'): void;
  run<V extends 'backup' | 'snapshots'>(
    request: HelperRequestOf<V>,
    options?: RunOptions,
  ): Promise<HelperResultOf<V>>;
}

export interface QuotaCheckOptions {
  readonly signal: AbortSignal;
  /** A person knows better what the snapshot will add. */
  readonly ignoreEstimate: boolean;
}

export type QuotaAnswer =
  | { readonly fits: true }
  | {
      readonly fits: false;
      readonly message: string;
      readonly hint: string;
      /** There is room left, only not for so much. */
      readonly byEstimate: boolean;
    };

/** Whether the next snapshot may be taken. Never throws: storage itself refuses what does not fit. */
export interface QuotaCheck {
  check(plan: Plan, options: QuotaCheckOptions): Promise<QuotaAnswer>;
  /** While an upload runs: aborted when it would cost more than was agreed to. */
  guard(plan: Plan): Disposable & {
    readonly signal: AbortSignal;
    explain(error: unknown): Promise<unknown>;
  };
}

export interface BackupHealth {
  raise(condition: {
    code: string;
    level: 'warning' | 'error';
    message: string;
    hint?: string;
    planId?: string;
  }): void;
  clear(code: string, planId?: string): void;
}

export type RecordedSnapshot = EventBodies['snapshot.recorded']['snapshot'];
