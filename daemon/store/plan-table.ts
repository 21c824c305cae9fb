import type { Capsule, Location, PlanKey, PlanState, Schedule } from '../../contract/index.ts';

export interface PlanRow {
  readonly id: string;
  readonly name: string;
  readonly state: PlanState;
  readonly paths: readonly string[];
  readonly excludes: readonly string[];
  readonly schedule: Schedule;
  readonly zone: string;
  readonly location: Location;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly repositoryId: string | null;
  readonly repositoryAddress: string | null;
  readonly keys: readonly PlanKey[];
  readonly capsule: Capsule | null;
  readonly lastDueAt: number | null;
  readonly nextDueAt: number | null;
  /** The last restic that wrote to the repository did not end by itself. */
  readonly needsRepair: boolean;
}

export interface PlanTable {
  insert(row: PlanRow): void;
  update(id: string, change: Partial<Omit<PlanRow, 'id'>>): void;
  remove(id: string): void;
  get(id: string): PlanRow | undefined;
  /** By id, or by name without regard to case. */
  find(nameOrId: string): PlanRow | undefined;
  list(): PlanRow[];
}
