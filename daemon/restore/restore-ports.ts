import type {
  Capsule,
  ErrorBody,
  HelperRequestOf,
  HelperResultOf,
  Location,
  Plan,
  RepositoryAccess,
  RequestOrigin,
  RequestState,
  RestoreChoice,
  RestorePreview,
  StorageCredentials,
} from '../../contract/index.ts';
import type { RunOptions } from '../engine/engine.ts';
import type { JobOutcome, Jobs } from '../jobs/job-types.ts';
import type { ParsedBackupUrl } from './backup-url.ts';

/** What this part needs of others, as narrow as it needs it; daemon.ts hands it over. */
export type Append = Parameters<NonNullable<JobOutcome['commit']>>[0];

export interface RequestRow {
  readonly id: string;
  readonly code: string;
  readonly state: RequestState;
  readonly origin: RequestOrigin;
  readonly planId: string | null;
  readonly planName: string | null;
  readonly snapshotId: string;
  readonly takenAt: number | null;
  readonly filesTotal: number | null;
  readonly bytesTotal: number | null;
  readonly newerSnapshots: number | null;
  readonly backupUrl: string | null;
  /** How the storage is reached that the Backup URL names, where it is one's own. */
  readonly location: Location | null;
  readonly note: string | null;
  readonly commandId: string | null;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly choice: RestoreChoice | null;
  readonly reason: string | null;
  readonly jobId: string | null;
  readonly error: ErrorBody | null;
  /** Where an in-place restore keeps the old files; null: it keeps none. */
  readonly undoPath: string | null;
  /** When they are removed; null: not by themselves. */
  readonly undoUntil: number | null;
  /** What was last shown of what it would do. */
  readonly preview: RestorePreview | null;
  /** Where that is what a killed or undone restore had brought. */
  readonly asidePath: string | null;
}

/** What a restore needs to know of a line of the ledger. */
export interface LedgerSnapshot {
  readonly resticId: string;
  readonly planId: string;
  readonly takenAt: number;
  readonly paths: readonly string[];
  readonly filesTotal: number | null;
  readonly bytesTotal: number | null;
  readonly state: 'present' | 'missing' | 'foreign';
}

export interface RestoreStore {
  readonly requests: {
    insert(row: RequestRow): void;
    update(id: string, change: Partial<Omit<RequestRow, 'id'>>): void;
    get(id: string): RequestRow | undefined;
    find(codeOrId: string): RequestRow | undefined;
    list(filter: { open?: boolean; kept?: boolean; planId?: string }): RequestRow[];
  };
  readonly snapshots: {
    find(idPrefix: string): LedgerSnapshot | 'ambiguous' | undefined;
    list(planId?: string): LedgerSnapshot[];
    newest(planId: string): LedgerSnapshot | undefined;
  };
  readonly facts: {
    get(key: string): unknown;
    set(key: string, value: unknown): void;
    remove(key: string): void;
  };
  commit<T>(change: (append: Append) => T): T;
}

export interface RestorePlans {
  find(nameOrId: string): Plan | undefined;
  get(nameOrId: string): Plan;
  list(): Plan[];
  row(id: string): { readonly capsule: Capsule | null };
}

type RestoreVerb =
  | 'keycheck'
  | 'restore'
  | 'restore-preview'
  | 'restore-undo'
  | 'restore-forget'
  | 'restore-recover'
  | 'restore-staged';

export interface RestoreEngine {
  run<V extends RestoreVerb>(request: HelperRequestOf<V>, options?: RunOptions): Promise<HelperResultOf<V>>;
  /** Starts a helper ahead: the verb is likely to come next. */
  prepare(verb: RestoreVerb): void;
}

export interface RestoreDoor {
  /** @param options adopt: the location itself names the repository */
  access(plan: Plan, options?: { adopt?: boolean }): Promise<RepositoryAccess>;
  credentialsFor(plan: Plan): (() => Promise<StorageCredentials>) | undefined;
}

/** Storage of the account, for repositories of other installations. */
export interface SpaceByUrl {
  accessByUrl(url: ParsedBackupUrl): Promise<RepositoryAccess>;
  credentials(options?: { url?: ParsedBackupUrl }): Promise<StorageCredentials>;
}

export type RestoreJobs = Pick<Jobs, 'request' | 'cancel' | 'get'>;
