import * as Type from 'typebox';
import {
  AppError,
  parser,
  type Location,
  type Look,
  type NewPlan,
  type Plan,
  type PlanLimits,
  type TakeOver,
} from '../../contract/index.ts';
import { parseRepositoryAddress, type Place } from '../restore/backup-url.ts';
import { pathsOf, type Looks } from './looks.ts';
import type { RecoveryPlans, RecoveryStore } from './recovery-ports.ts';

export interface TakeOverOptions {
  readonly looks: Looks;
  readonly plans: RecoveryPlans;
  readonly store: RecoveryStore;
}

const HOST = /^[A-Za-z0-9._-]{1,64}$/;
const hostKey = (planId: string): string => `plan.host.${planId}`;
const placeKey = (planId: string): string => `plan.place.${planId}`;

/** restic's host of a plan's snapshots: that of the machine that made the plan, so that its lineage goes on. */
export function createHostOf(store: Pick<RecoveryStore, 'facts'>, own: string): (planId: string) => string {
  return (planId) => {
    const host = store.facts.get(hostKey(planId));
    return typeof host === 'string' && HOST.test(host) ? host : own;
  };
}

const address = parser(Type.String());

/** Where a plan's repository at Space is, if another installation of the account made it. */
export function adoptedPlaces(store: Pick<RecoveryStore, 'facts'>): (planId: string) => Place | undefined {
  return (planId) => {
    const kept = store.facts.get(placeKey(planId));
    return address.check(kept) ? parseRepositoryAddress(kept) : undefined;
  };
}

export function forgetLineage(store: Pick<RecoveryStore, 'facts'>, planId: string): void {
  store.facts.remove(hostKey(planId));
  store.facts.remove(placeKey(planId));
}

/**
 * Makes a lost machine's plan anew, under its own id, so that its snapshots stay its own. It runs once it is armed.
 * @throws AppError `conflict` when it is here already or somebody else may be running it
 */
export function takeOver({ looks, plans, store }: TakeOverOptions, id: string, wish: TakeOver): Plan {
  const look = looks.get(id);
  refuse(look);
  const known = look.planId === undefined ? undefined : plans.find(look.planId);
  if (known) return continued(plans, known, wish);
  const host = look.settings?.host ?? look.snapshots[0]?.host;
  return store.commit(() => {
    const plan = plans.create(newPlan(look, looks.locationOf(id), wish), {
      mayMiss: wish.paths === undefined,
      ...(look.planId !== undefined && { id: look.planId }),
    });
    if (host !== undefined && HOST.test(host)) store.facts.set(hostKey(plan.id), host);
    if (plan.location.kind === 'space') store.facts.set(placeKey(plan.id), look.address);
    return plan;
  });
}

function refuse({ state, knownPlan, runningElsewhere = [] }: Look): void {
  if (state !== 'done') throw new AppError('conflict', 'the repository was not looked into yet');
  if (knownPlan !== undefined) {
    throw new AppError('conflict', `the plan "${knownPlan}" of this machine has this repository already`, {
      hint: 'see `olares-backup plan list`',
    });
  }
  if (runningElsewhere.length === 0) return;
  throw new AppError(
    'conflict',
    `the plan is active on another machine of this Olares account: ${runningElsewhere.join(', ')}`,
    {
      hint:
        'two machines must not run one plan: give it up there (`olares-backup logout`), or revoke that machine ' +
        'on the page of Space, then adopt again. Restoring is possible at any time',
      retry: 'after_action',
    },
  );
}

/** Begun before and cut off before it was armed; what is asked for now counts. */
function continued(plans: RecoveryPlans, plan: Plan, wish: TakeOver): Plan {
  const limits = limitsOf(plan.limits, wish.limits);
  if (plan.state === 'unarmed') return plans.change(plan.id, defined({ ...wish, limits }));
  throw new AppError('conflict', `the plan "${plan.name}" is on this machine already`, {
    hint: 'see `olares-backup plan list`',
  });
}

function newPlan(look: Look, location: Location | undefined, wish: TakeOver): NewPlan {
  const { settings, snapshots } = look;
  const paths = wish.paths ?? pathsOf(settings, snapshots[0]?.paths);
  if (paths.length === 0) {
    throw new AppError('invalid_input', 'the repository does not tell what its plan saved', {
      field: '--path',
      hint: 'say it with --path',
    });
  }
  const { excludes, schedule, zone } = { ...settings?.plan, ...defined(wish) };
  const limits = limitsOf(settings?.plan.limits, wish.limits);
  return {
    name: wish.name ?? look.planName,
    paths: [...paths],
    location: location ?? spaceOf(settings?.plan.location),
    ...defined({ excludes, schedule, zone, limits }),
  };
}

const limitsOf = (old: PlanLimits | undefined, wish: PlanLimits | undefined): PlanLimits | undefined =>
  old || wish ? { ...old, ...wish } : undefined;

function defined<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [K in keyof T]?: NonNullable<T[K]> };
}

function spaceOf(location: Location | undefined): Location {
  return location?.kind === 'space' ? location : { kind: 'space' };
}
