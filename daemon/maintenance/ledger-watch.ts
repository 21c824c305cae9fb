import type { Plan } from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';

export interface LedgerWatchOptions {
  readonly plans: { list(): Plan[] };
  readonly store: {
    readonly facts: { get(key: string): unknown; set(key: string, value: unknown): void };
    commit<T>(change: () => T): T;
  };
  /** Compares the ledger of a plan with its repository and raises what is wrong. */
  readonly look: (plan: Plan) => Promise<unknown>;
  /** A look costs a second of restic: it is taken while nobody waits for anything. */
  readonly isIdle: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** So often each repository is looked at; whatever disappears or is put back is told within this time. */
export const LOOK_EVERY_MS = 6 * 60 * 60 * 1000;
/** A place that could not be read is tried again after this time. */
const TRY_AGAIN_MS = 60 * 60 * 1000;
const keyOf = (planId: string): string => `ledger.look.${planId}`;

/** @returns to be called each minute: looks at one repository whose turn has come, if any */
export function createLedgerWatch(options: LedgerWatchOptions): () => Promise<void> {
  const { plans, store, clock, log } = options;
  const tried = new Map<string, number>();
  let isLooking = false;
  const isDue = (plan: Plan): boolean => {
    if (plan.state === 'unarmed') return false;
    if (clock.monotonic() - (tried.get(plan.id) ?? -Infinity) < TRY_AGAIN_MS) return false;
    const last = store.facts.get(keyOf(plan.id));
    const ageMs = typeof last === 'number' ? clock.now() - last : Infinity;
    // A clock that was set back must not put the next look off for years.
    return ageMs >= LOOK_EVERY_MS || ageMs < 0;
  };
  return async () => {
    const plan = isLooking || !options.isIdle() ? undefined : plans.list().find(isDue);
    if (!plan) return;
    isLooking = true;
    tried.set(plan.id, clock.monotonic());
    try {
      await options.look(plan);
      store.commit(() => store.facts.set(keyOf(plan.id), clock.now()));
    } catch (error) {
      log.warn({ err: error, planId: plan.id }, 'the repository could not be compared with the ledger');
    } finally {
      isLooking = false;
    }
  };
}
