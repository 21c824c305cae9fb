import type {
  DiffAnswer,
  FindAnswer,
  HelperRequestOf,
  HelperResultOf,
  Plan,
  RepositoryAccess,
  Snapshot,
  SnapshotEntry,
  StorageCredentials,
} from '../../contract/index.ts';
import type { Log } from '../base/log.ts';
import type { RunOptions } from '../engine/engine.ts';

/** What this part needs of others, as narrow as it needs it; daemon.ts hands it over. */
export interface SnapshotIndexOptions {
  /** Where the indexes lie, one file for each plan. It may be deleted whenever the agent does not run. */
  readonly directory: string;
  readonly plans: {
    get(nameOrId: string): Plan;
    list(): Plan[];
  };
  readonly repositories: {
    snapshots(plan: Plan | undefined, refresh: boolean): Promise<Snapshot[]>;
    snapshot(idPrefix: string): Promise<Snapshot>;
    entries(snapshot: Snapshot, path: string): Promise<SnapshotEntry[]>;
  };
  readonly engine: {
    run(request: HelperRequestOf<'ls-all'>, options?: RunOptions): Promise<HelperResultOf<'ls-all'>>;
  };
  readonly door: {
    access(plan: Plan): Promise<RepositoryAccess>;
    credentialsFor(plan: Plan): (() => Promise<StorageCredentials>) | undefined;
  };
  readonly config: { readonly engineHost: string };
  /** No job runs: then what nobody waits for may be indexed. */
  readonly isIdle: () => boolean;
  readonly clock: { monotonic(): number };
  readonly log: Log;
  /** How long an answer waits for snapshots that are not indexed yet. */
  readonly patienceMs?: number;
}

export interface FindQuery {
  readonly pattern: string;
  readonly plan?: Plan | undefined;
  readonly limit: number;
  readonly wait: boolean;
}

export interface DiffQuery {
  readonly a: Snapshot;
  readonly b: Snapshot;
  readonly limit: number;
  /** Of the page before. */
  readonly after: number;
}

/** Any snapshot in milliseconds: each tree is read once from the repository and kept. */
export interface SnapshotIndex {
  /**
   * A directory of a snapshot; asks the repository where it is not indexed yet, and indexes it after.
   * @throws AppError `not_found`, `invalid_input`, or as the repository could not be read
   */
  entries(snapshot: Snapshot, path: string): Promise<SnapshotEntry[]>;
  /** @throws AppError `invalid_input` */
  find(query: FindQuery): Promise<FindAnswer>;
  /**
   * @throws AppError `invalid_input` when they are not of one plan; `try_later` while they are being indexed
   */
  diff(query: DiffQuery): Promise<DiffAnswer>;
  /** Indexes the newest snapshots while the machine has nothing to do, and clears away those that are gone. */
  tend(): Promise<void>;
  removePlan(planId: string): Promise<void>;
  close(): Promise<void>;
}
