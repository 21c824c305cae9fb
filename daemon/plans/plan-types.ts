import type { Capsule, NewPlan, Plan, PlanChange, PlanKey } from '../../contract/index.ts';
import type { PlanRow } from '../store/plan-table.ts';
import type { Append } from '../store/store.ts';

export interface Armed {
  readonly repositoryId: string;
  readonly address: string;
  readonly keys: readonly PlanKey[];
  readonly capsule: Capsule;
}

/** A plan that another machine had before. */
export interface PlanOrigin {
  readonly id?: string;
  /** Its paths may be missing here: the files are still to be restored. */
  readonly mayMiss: boolean;
}

export interface Plans {
  /** @throws AppError `conflict` (name taken), `invalid_input` (paths, schedule, zone) naming the field */
  create(plan: NewPlan, origin?: PlanOrigin): Plan;
  /** What `create` would make, not kept. @throws as `create` does */
  draft(plan: NewPlan): Plan;
  change(nameOrId: string, change: PlanChange): Plan;
  /** Removes the plan and its pending work; snapshots in the repository stay. */
  remove(nameOrId: string): Plan;
  pause(nameOrId: string): Plan;
  resume(nameOrId: string): Plan;
  /** The repository exists and every key opened it: from now on the plan runs. */
  arm(id: string, armed: Armed): Plan;
  setKeys(id: string, keys: readonly PlanKey[], capsule: Capsule): Plan;
  /** Remembers when the plan ran and runs next; written in the caller's transaction. */
  setDue(id: string, due: { lastDueAt?: number; nextDueAt: number | null }): void;
  setNeedsRepair(id: string, needsRepair: boolean): void;
  /** @throws AppError `not_found` with the names there are */
  get(nameOrId: string): Plan;
  find(nameOrId: string): Plan | undefined;
  list(): Plan[];
  /** What the engine needs and the API does not show. */
  row(id: string): PlanRow;
  /** Called inside the transaction that removes a plan: end its pending work here. */
  onRemoved(listener: PlanListener): () => void;
}

export type PlanListener = (plan: Plan, append: Append) => void;
