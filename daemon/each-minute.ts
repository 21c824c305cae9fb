import type { Log } from './base/log.ts';

/** What parts want to be asked each minute. */
export interface MinuteParts {
  readonly mounts: { look(): Promise<unknown> };
  readonly index: { tend(): Promise<unknown> };
  /** Compares ledgers with their repositories: by it a loss is told that nobody asked about. */
  readonly repositories: { tend(): Promise<unknown> };
  readonly requests: { expire(): void };
  readonly space: { readonly asked: { expire(): void } };
  readonly recovery: { tend(): void };
  readonly overdue: () => void;
  readonly signedOut: () => void;
  readonly health: { keepPlans(planIds: ReadonlySet<string>): void };
  readonly plans: { list(): { readonly id: string }[] };
}

/** What is wrong with a plan ends with it, also what is found by a look that was under way meanwhile. */
export function dropConditions({ health, plans }: Pick<MinuteParts, 'health' | 'plans'>): void {
  health.keepPlans(new Set(plans.list().map(({ id }) => id)));
}

/** One that fails, on a full disk say, holds up no other, and is asked again in the next minute. */
export function lookEachMinute(parts: MinuteParts, log: Log): void {
  const looks: Record<string, () => unknown> = {
    mounts: () => parts.mounts.look(),
    index: () => parts.index.tend(),
    ledger: () => parts.repositories.tend(),
    requests: () => parts.requests.expire(),
    asked: () => parts.space.asked.expire(),
    overdue: () => parts.overdue(),
    signedOut: () => parts.signedOut(),
    recovery: () => parts.recovery.tend(),
    conditions: () => dropConditions(parts),
  };
  for (const [look, run] of Object.entries(looks)) {
    Promise.resolve()
      .then(run)
      .catch((error: unknown) => log.warn({ err: error, look }, 'a look of this minute failed'));
  }
}
