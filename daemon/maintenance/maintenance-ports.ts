import type {
  Capsule,
  EventBodies,
  HelperRequestOf,
  HelperResultOf,
  HelperVerb,
  Plan,
  PlanKey,
  RepositoryAccess,
  StorageCredentials,
  StsPurpose,
} from '../../contract/index.ts';
import type { RunOptions } from '../engine/engine.ts';
import type { JobOutcome } from '../jobs/job-types.ts';

/** What this part needs of others, as narrow as it needs it; daemon.ts hands it over. */
export type Append = Parameters<NonNullable<JobOutcome['commit']>>[0];
export type LedgerSnapshot = EventBodies['snapshot.missing']['snapshot'];

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

export interface MaintenanceStore {
  readonly snapshots: {
    insert(row: LedgerRow): void;
    setState(id: string, state: LedgerRow['state']): void;
    remove(id: string): void;
    find(idPrefix: string): LedgerRow | 'ambiguous' | undefined;
    list(planId?: string): LedgerRow[];
  };
  commit<T>(change: (append: Append) => T): T;
}

export interface MaintenancePlans {
  get(nameOrId: string): Plan;
  find(nameOrId: string): Plan | undefined;
  list(): Plan[];
  row(id: string): { readonly capsule: Capsule | null };
  arm(
    id: string,
    armed: { repositoryId: string; address: string; keys: readonly PlanKey[]; capsule: Capsule },
  ): Plan;
  setKeys(id: string, keys: readonly PlanKey[], capsule: Capsule): Plan;
}

/** How to reach a plan's repository: address, options and, where they are temporary, the keys. */
export interface ArmingDoor {
  /**
   * @param adopt the location may name a repository itself
   */
  access(plan: Plan, options?: { adopt?: boolean }): Promise<RepositoryAccess>;
  credentialsFor(plan: Plan, purpose?: StsPurpose): (() => Promise<StorageCredentials>) | undefined;
}

export interface MaintenanceEngine {
  run<V extends HelperVerb>(request: HelperRequestOf<V>, options?: RunOptions): Promise<HelperResultOf<V>>;
}

export interface MaintenanceHealth {
  raise(condition: {
    code: string;
    level: 'warning' | 'error';
    message: string;
    hint?: string;
    planId?: string;
  }): void;
  clear(code: string, planId?: string): void;
}
