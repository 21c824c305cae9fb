import type { Plan } from '../../contract/index.ts';
import type { Health } from '../health/health.ts';
import type { SpaceAccount } from './space-types.ts';

export interface SignedOutOptions {
  readonly plans: { list(): Plan[] };
  readonly account: Pick<SpaceAccount, 'current'>;
  readonly health: Pick<Health, 'raise' | 'clear'>;
}

/** A check to be made when the account changes, and each minute: is there a way to where the plans keep their snapshots? */
export function createSignedOutCheck({ plans, account, health }: SignedOutOptions): () => void {
  return () => {
    const isSignedIn = account.current() !== undefined;
    for (const { id, name, state, location } of plans.list()) {
      if (isSignedIn || state !== 'armed' || location.kind !== 'space') health.clear('signed_out', id);
      else {
        health.raise({
          code: 'signed_out',
          level: 'error',
          message: `"${name}" keeps its snapshots at Olares Space, and nobody is signed in: nothing of it is saved`,
          hint: 'olares-backup login --space URL --code CODE',
          planId: id,
        });
      }
    }
  };
}
