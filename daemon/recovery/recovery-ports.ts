import type {
  Capsule,
  HelperRequestOf,
  HelperResultOf,
  NewPlan,
  Plan,
  PlanChange,
  RepositoryAccess,
  StorageCredentials,
} from '../../contract/index.ts';
import type { RunOptions } from '../engine/engine.ts';
import type { SpaceByUrl } from '../restore/restore-ports.ts';

/** What this part needs of others, as narrow as it needs it; daemon.ts hands it over. */
export interface RecoveryPlans {
  get(nameOrId: string): Plan;
  find(nameOrId: string): Plan | undefined;
  list(): Plan[];
  row(id: string): { readonly capsule: Capsule | null };
  create(plan: NewPlan, origin?: PlanOrigin): Plan;
  change(nameOrId: string, change: PlanChange): Plan;
}

/** A plan that another machine had before. */
export interface PlanOrigin {
  readonly id?: string;
  /** Its paths may be missing here: the files are still to be restored. */
  readonly mayMiss: boolean;
}

export interface RecoveryStore {
  readonly facts: {
    get(key: string): unknown;
    set(key: string, value: unknown): void;
    remove(key: string): void;
  };
  commit<T>(change: () => T): T;
}

export interface RecoveryEngine {
  run<V extends 'look' | 'keycheck'>(
    request: HelperRequestOf<V>,
    options?: RunOptions,
  ): Promise<HelperResultOf<V>>;
}

export interface RecoveryDoor {
  /** @param options adopt: the location itself names the repository */
  access(plan: Plan, options?: { adopt?: boolean }): Promise<RepositoryAccess>;
}

export interface RecoverySpace extends SpaceByUrl {
  /** The account's other machines. */
  machines(): Promise<OtherMachine[]>;
}

export interface OtherMachine {
  readonly machine: string;
  readonly online: boolean;
  /** Ids of the plans that it runs. */
  readonly plans: readonly string[];
}

export interface RecoveryHealth {
  raise(condition: {
    code: string;
    level: 'warning' | 'error';
    message: string;
    hint?: string;
    planId?: string;
  }): void;
  clear(code: string, planId?: string): void;
}

export interface Way {
  readonly access: RepositoryAccess;
  readonly credentials: (() => Promise<StorageCredentials>) | undefined;
}
