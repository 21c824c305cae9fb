import { AppError, type Capsule, type Plan, type PlanKey } from '../../../contract/index.ts';
import type { PlanRow } from '../../store/plan-table.ts';
import type { Store } from '../../store/store.ts';

/** Plans as these parts use them, on the real table. */
export interface PlanBook {
  make(row: Partial<PlanRow> & Pick<PlanRow, 'id' | 'paths' | 'location'>): Plan;
  get(nameOrId: string): Plan;
  find(nameOrId: string): Plan | undefined;
  list(): Plan[];
  row(id: string): PlanRow;
  arm(
    id: string,
    armed: { repositoryId: string; address: string; keys: readonly PlanKey[]; capsule: Capsule },
  ): Plan;
  setKeys(id: string, keys: readonly PlanKey[], capsule: Capsule): Plan;
  setNeedsRepair(id: string, needsRepair: boolean): void;
}

export function bookPlans(store: Store): PlanBook {
  const get = (nameOrId: string): Plan => {
    const row = store.plans.find(nameOrId);
    if (!row) throw new AppError('not_found', `there is no plan "${nameOrId}"`);
    return toPlan(row);
  };
  const update = (id: string, change: Partial<PlanRow>): Plan => {
    store.commit(() => store.plans.update(id, change));
    return get(id);
  };
  return {
    make(row) {
      store.commit(() => store.plans.insert({ ...EMPTY, ...row }));
      return get(row.id);
    },
    get,
    find: (nameOrId) => (store.plans.find(nameOrId) ? get(nameOrId) : undefined),
    list: () => store.plans.list().map(toPlan),
    row: (id) => store.plans.get(id) as PlanRow,
    arm: (id, { repositoryId, address, keys, capsule }) =>
      update(id, { state: 'armed', repositoryId, repositoryAddress: address, keys, capsule }),
    setKeys: (id, keys, capsule) => update(id, { keys, capsule }),
    setNeedsRepair: (id, needsRepair) => void update(id, { needsRepair }),
  };
}

const EMPTY = {
  name: 'documents',
  state: 'unarmed',
  excludes: [],
  schedule: { kind: 'manual' },
  zone: 'UTC',
  createdAt: 1,
  updatedAt: 1,
  repositoryId: null,
  repositoryAddress: null,
  keys: [],
  capsule: null,
  lastDueAt: null,
  nextDueAt: null,
  limits: null,
  quotaPolicy: null,
  needsRepair: false,
} as const;

function toPlan(row: PlanRow): Plan {
  const { id, name, paths, excludes, schedule, zone, location, state, createdAt, updatedAt, keys } = row;
  const repository =
    row.repositoryId !== null && row.repositoryAddress !== null
      ? { repository: { id: row.repositoryId, address: row.repositoryAddress } }
      : {};
  const shown = { id, name, paths: [...paths], excludes: [...excludes], schedule, zone, location, state };
  return { ...shown, createdAt, updatedAt, keys: [...keys], snapshotCount: 0, storedBytes: 0, ...repository };
}
