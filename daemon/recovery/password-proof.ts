import { AppError, shellWord, type Capsule, type Plan, type SecretChannel } from '../../contract/index.ts';
import type { Log } from '../base/log.ts';
import { keyIdsOf } from '../restore/key-order.ts';
import type { TryLimit } from '../restore/try-limit.ts';
import { provenKey } from '../store/fact-keys.ts';
import type { RecoveryEngine, RecoveryHealth, RecoveryPlans, RecoveryStore } from './recovery-ports.ts';
import { askSecret, type SecretRunOptions } from './secret-run.ts';

/** A password that nobody typed for so long may be forgotten by now. */
export const PROVE_EVERY_MS = 90 * 86_400_000;
const CONDITION = 'password_unproven';

export interface PasswordProofOptions extends SecretRunOptions {
  readonly plans: Pick<RecoveryPlans, 'list' | 'row'>;
  readonly store: RecoveryStore;
  readonly engine: RecoveryEngine;
  readonly limit: TryLimit;
  readonly health: RecoveryHealth;
  readonly log: Log;
}

export interface PasswordProof {
  /** Offline: on the local copy of the keys. */
  begin(plan: Plan): Promise<SecretChannel>;
  /** The password or the recovery words of a plan were typed right. */
  note(planId: string): void;
  forget(planId: string): void;
  /** Raises and clears the reminder; called each minute. */
  tend(): void;
}

export function createPasswordProof(options: PasswordProofOptions): PasswordProof {
  const { plans, store, limit, health, clock } = options;
  const note = (planId: string): void => {
    store.commit(() => {
      store.facts.set(provenKey(planId), clock.now());
      health.clear(CONDITION, planId);
    });
  };
  return {
    note,
    forget: (planId) => store.facts.remove(provenKey(planId)),
    async begin(plan) {
      const capsule = requireCapsule(plan, plans.row(plan.id).capsule);
      const triesLeft = limit.require(plan.id);
      const channel = await askSecret(options, async (channelPath, ready) => {
        try {
          const { correct } = await options.engine.run(
            { verb: 'keycheck', capsule, keyIds: keyIdsOf(capsule), channelPath },
            { onReady: ready },
          );
          if (!correct) return limit.wrong(plan.id);
          limit.right(plan.id);
          note(plan.id);
        } catch (error) {
          // Once it listens the helper tells the terminal itself.
          options.log.warn({ err: error, planId: plan.id }, 'the password was not checked');
          throw error;
        }
      });
      return { ...channel, triesLeft };
    },
    tend() {
      for (const plan of plans.list()) {
        if (isUnproven(plan, clock.now())) raise(health, plan);
        else health.clear(CONDITION, plan.id);
      }
    },
  };
}

/** A new password was typed when it was made. */
export function isUnproven({ state, keys, passwordProvenAt = 0 }: Plan, now: number): boolean {
  if (state === 'unarmed') return false;
  const made = keys.filter(({ role }) => role === 'user').map(({ createdAt }) => createdAt);
  return now - Math.max(passwordProvenAt, ...made) > PROVE_EVERY_MS;
}

function raise(health: RecoveryHealth, { id, name, passwordProvenAt }: Plan): void {
  const since =
    passwordProvenAt === undefined
      ? 'set'
      : `last typed on ${new Date(passwordProvenAt).toISOString().slice(0, 10)}`;
  health.raise({
    code: CONDITION,
    level: 'warning',
    message: `Do you still know the password of "${name}"? It was ${since}${passwordProvenAt === undefined ? ' more than 90 days ago and never typed since' : ''}; nobody can replace it.`,
    hint: `olares-backup key check-password ${shellWord(name)} (a second, nothing is changed)`,
    planId: id,
  });
}

function requireCapsule({ name, state }: Plan, capsule: Capsule | null): Capsule {
  if (capsule && state !== 'unarmed') return capsule;
  throw new AppError('conflict', `the plan "${name}" has no password yet`, {
    hint: 'give the same `olares-backup plan add` again to go on',
  });
}
