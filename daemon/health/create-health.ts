import type { HealthCondition } from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Store } from '../store/store.ts';
import type { Health, NewCondition } from './health.ts';

export interface HealthOptions {
  readonly store: Pick<Store, 'facts' | 'commit'>;
  readonly clock: Clock;
}

const FACT = 'health.conditions';

/**
 * Conditions are kept over restarts, since many of them (a failed backup, say) are only found out at the next run;
 * whoever raises one clears it.
 */
export function createHealth({ store, clock }: HealthOptions): Health {
  const read = () => (store.facts.get(FACT) ?? []) as HealthCondition[];
  const clear: Health['clear'] = (code, planId) => {
    const conditions = read();
    const known = conditions.find((other) => isSame(other, code, planId));
    if (!known) return;
    store.commit((append) => {
      store.facts.set(
        FACT,
        conditions.filter((other) => other !== known),
      );
      append('health.cleared', { code, ...(planId === undefined ? {} : { planId }) });
    });
  };
  return {
    raise(condition) {
      const conditions = read();
      const known = conditions.find((other) => isSame(other, condition.code, condition.planId));
      if (known && textOf(known) === textOf(condition)) return;
      const raised: HealthCondition = { ...condition, since: known?.since ?? clock.now() };
      store.commit((append) => {
        store.facts.set(FACT, [...conditions.filter((other) => other !== known), raised]);
        append('health.raised', { condition: raised });
      });
    },
    clear,
    keepPlans(planIds) {
      for (const { code, planId } of read()) {
        if (planId !== undefined && !planIds.has(planId)) clear(code, planId);
      }
    },
    list: () => read().toSorted(worstThenOldest),
  };
}

const isSame = (condition: HealthCondition, code: string, planId: string | undefined): boolean =>
  condition.code === code && condition.planId === planId;

const textOf = ({ level, message, hint }: NewCondition | HealthCondition): string =>
  JSON.stringify([level, message, hint]);

function worstThenOldest(a: HealthCondition, b: HealthCondition): number {
  if (a.level !== b.level) return a.level === 'error' ? -1 : 1;
  return a.since - b.since;
}
