import type { Database } from 'better-sqlite3';
import type { Capsule, Location, PlanKey, PlanLimits, PlanState, Schedule } from '../../contract/index.ts';
import { createRowTable, type Columns } from './row-table.ts';

export interface PlanRow {
  readonly id: string;
  readonly name: string;
  readonly state: PlanState;
  readonly paths: readonly string[];
  readonly excludes: readonly string[];
  readonly schedule: Schedule;
  readonly zone: string;
  readonly location: Location;
  /** How fast its runs may be; null: as the settings say. */
  readonly limits: PlanLimits | null;
  /** What happens at the limit of the storage; null: as the settings say. */
  readonly quotaPolicy: string | null;
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

const COLUMNS: Columns<PlanRow> = {
  id: 'plain',
  name: 'plain',
  state: 'plain',
  paths: 'json',
  excludes: 'json',
  schedule: 'json',
  zone: 'plain',
  location: 'json',
  limits: 'jsonOrNull',
  quotaPolicy: 'plain',
  createdAt: 'plain',
  updatedAt: 'plain',
  repositoryId: 'plain',
  repositoryAddress: 'plain',
  keys: 'json',
  capsule: 'jsonOrNull',
  lastDueAt: 'plain',
  nextDueAt: 'plain',
  needsRepair: 'boolean',
};

export function createPlanTable(db: Database): PlanTable {
  const rows = createRowTable<PlanRow>({ db, name: 'plans', key: 'id', columns: COLUMNS });
  return {
    insert: (row) => rows.insert(row),
    update: (id, change) => rows.update(id, change),
    remove: (id) => rows.remove(id),
    get: (id) => rows.first('WHERE id = ?', id),
    find: (nameOrId) =>
      rows.first('WHERE id = ?', nameOrId) ?? rows.first('WHERE name = ? COLLATE NOCASE', nameOrId),
    list: () => rows.all('ORDER BY name COLLATE NOCASE'),
  };
}
