import { AppError, cleanText, type NewPlan, type Plan } from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Chance } from '../base/ids.ts';
import type { PlanRow } from '../store/plan-table.ts';
import type { Append, Store } from '../store/store.ts';
import { changedChoice, newChoice, type PlanInputOptions } from './plan-input.ts';
import type { PlanListener, PlanOrigin, Plans } from './plan-types.ts';
import { planView } from './plan-view.ts';

export interface PlansOptions extends PlanInputOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly chance: Chance;
}

export function createPlans(options: PlansOptions): Plans {
  const { store } = options;
  const removed = new Set<PlanListener>();
  const rowOf = (nameOrId: string) => existing(store, nameOrId);
  const update = (id: string, change: Partial<PlanRow>) => updated(options, rowOf(id), change);
  return {
    create: (input, origin) => store.commit((append) => created(options, { input, origin, append })),
    draft: (input) => planView(newRow(options, input, undefined), store),
    change: (nameOrId, change) =>
      store.commit(() => {
        const row = rowOf(nameOrId);
        const choice = changedChoice(row, change, options);
        refuseTakenName(store, choice.name, row.id);
        const isMoved = change.schedule !== undefined || change.zone !== undefined;
        return update(row.id, { ...choice, ...(isMoved ? due(options, { ...row, ...choice }) : {}) });
      }),
    remove: (nameOrId) =>
      store.commit((append) => {
        const row = rowOf(nameOrId);
        const plan = planView(row, store);
        store.plans.remove(row.id);
        for (const listener of removed) listener(plan, append);
        append('plan.removed', { planId: row.id, name: row.name, location: row.location.kind });
        return plan;
      }),
    pause: (nameOrId) => store.commit(() => paused(options, rowOf(nameOrId))),
    resume: (nameOrId) => store.commit(() => resumed(options, rowOf(nameOrId))),
    arm: (id, { repositoryId, address, keys, capsule }) =>
      store.commit(() => {
        const row: PlanRow = { ...rowOf(id), state: 'armed' };
        const repository = { repositoryId, repositoryAddress: address, keys, capsule };
        return update(id, { ...repository, state: 'armed', ...due(options, row) });
      }),
    setKeys: (id, keys, capsule) => update(id, { keys, capsule }),
    setDue: (id, change) => void updated(options, rowOf(id), change, false),
    setNeedsRepair: (id, needsRepair) =>
      store.commit(() => store.plans.update(rowOf(id).id, { needsRepair })),
    get: (nameOrId) => planView(rowOf(nameOrId), store),
    find(nameOrId) {
      const row = found(store, nameOrId);
      return row && planView(row, store);
    },
    list: () => store.plans.list().map((row) => planView(row, store)),
    row: (id) => rowOf(id),
    onRemoved(listener) {
      removed.add(listener);
      return () => removed.delete(listener);
    },
  };
}

interface Creation {
  readonly input: NewPlan;
  readonly origin: PlanOrigin | undefined;
  readonly append: Append;
}

function created(options: PlansOptions, { input, origin, append }: Creation): Plan {
  const { store } = options;
  const row = newRow(options, input, origin);
  store.plans.insert(row);
  const plan = planView(row, store);
  append('plan.changed', { plan });
  return plan;
}

function newRow(options: PlansOptions, input: NewPlan, origin: PlanOrigin | undefined): PlanRow {
  const { store, clock, chance } = options;
  const choice = newChoice(input, options, { mayMiss: origin?.mayMiss === true });
  refuseTakenName(store, choice.name);
  const now = clock.now();
  return {
    ...choice,
    id: origin?.id ?? chance.uuid(),
    state: 'unarmed',
    createdAt: now,
    updatedAt: now,
    repositoryId: null,
    repositoryAddress: null,
    keys: [],
    capsule: null,
    lastDueAt: null,
    nextDueAt: null,
    needsRepair: false,
  };
}

/** @param touches whether a person would call it a change of the plan */
function updated(
  { store, clock }: PlansOptions,
  row: PlanRow,
  change: Partial<PlanRow>,
  touches = true,
): Plan {
  const whole = touches ? { ...change, updatedAt: clock.now() } : change;
  return store.commit((append) => {
    store.plans.update(row.id, whole);
    const plan = planView({ ...row, ...whole }, store);
    append('plan.changed', { plan });
    return plan;
  });
}

function paused(options: PlansOptions, row: PlanRow): Plan {
  if (row.state === 'unarmed') throw notArmed(row);
  if (row.state === 'paused') return planView(row, options.store);
  return updated(options, row, { state: 'paused', nextDueAt: null });
}

/** Runs that were due in the meantime are not made up: the person wanted none. */
function resumed(options: PlansOptions, row: PlanRow): Plan {
  if (row.state === 'unarmed') throw notArmed(row);
  if (row.state === 'armed') return planView(row, options.store);
  return updated(options, row, { state: 'armed', ...due(options, { ...row, state: 'armed' }) });
}

function due({ nextDueAt }: PlansOptions, row: PlanRow): Pick<PlanRow, 'nextDueAt'> {
  return { nextDueAt: row.state === 'armed' ? nextDueAt(row.schedule, row.zone, row.id) : null };
}

const notArmed = (row: PlanRow): AppError =>
  new AppError('conflict', `the plan "${row.name}" has no password yet, so it doesn't run`, {
    hint: 'set its password first',
  });

function refuseTakenName(store: Store, name: string, exceptId?: string): void {
  const taken = store.plans.list().some((row) => row.id !== exceptId && folded(row.name) === folded(name));
  if (!taken) return;
  throw new AppError('conflict', `there is a plan named "${name}" already`, {
    field: 'name',
    hint: 'choose another name; see `olares-backup plan list`',
  });
}

/** SQLite folds the case of ASCII only. */
const folded = (name: string): string => name.normalize('NFC').toLowerCase();

function found(store: Store, nameOrId: string): PlanRow | undefined {
  const name = folded(nameOrId.trim());
  return store.plans.find(nameOrId) ?? store.plans.list().find((row) => folded(row.name) === name);
}

function existing(store: Store, nameOrId: string): PlanRow {
  const row = found(store, nameOrId);
  if (row) return row;
  const names = store.plans.list().map((plan) => `"${plan.name}"`);
  const known = names.length > 0 ? `there are ${names.join(', ')}` : 'there is none yet';
  throw new AppError('not_found', `no plan "${cleanText(nameOrId, 120)}"; ${known}`, {
    hint:
      names.length > 0 ? 'see `olares-backup plan list`' : 'make one: olares-backup plan add NAME --path DIR',
  });
}
