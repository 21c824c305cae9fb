import type { Look, NewLook, Plan, SecretChannel, TakeOver } from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Chance } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { TryLimit } from '../restore/try-limit.ts';
import { createLooks } from './looks.ts';
import { createPasswordProof } from './password-proof.ts';
import type {
  RecoveryDoor,
  RecoveryEngine,
  RecoveryHealth,
  RecoveryPlans,
  RecoverySpace,
  RecoveryStore,
} from './recovery-ports.ts';
import { settingsTag } from './settings-tag.ts';
import { createHostOf, forgetLineage, takeOver } from './take-over.ts';

export interface RecoveryOptions {
  readonly plans: RecoveryPlans;
  readonly store: RecoveryStore;
  readonly engine: RecoveryEngine;
  readonly door: RecoveryDoor;
  readonly limit: TryLimit;
  readonly health: RecoveryHealth;
  readonly space: () => RecoverySpace | undefined;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly config: {
    readonly runDir: string;
    readonly engineHost: string;
    readonly machineName: string;
    /** As it stands in the configuration file. */
    readonly fileSettings: Record<string, unknown>;
  };
}

/** What is there for the day on which the machine is gone, and before it: nothing here needs what was lost. */
export interface Recovery {
  /** What ties a plan's snapshots together beyond the life of one machine. */
  readonly lineage: { hostOf(planId: string): string; settingsTag(plan: Plan): string };
  look(input: NewLook): Promise<{ id: string; channel: SecretChannel }>;
  looked(id: string): Look;
  adopt(id: string, wish: TakeOver): Plan;
  /** Checks offline whether a plan's password is still known. */
  prove(plan: Plan): Promise<SecretChannel>;
  /** The password of a plan was typed right, for whatever reason. */
  noteProof(planId: string): void;
  /** A removed plan's traces go, inside the transaction that removes it. */
  forget(planId: string): void;
  tend(): void;
}

export function createRecovery(options: RecoveryOptions): Recovery {
  const { plans, store, config } = options;
  const looks = createLooks(options);
  const proof = createPasswordProof(options);
  const hostOf = createHostOf(store, config.engineHost);
  const { machineName, fileSettings } = config;
  return {
    lineage: {
      hostOf,
      settingsTag: (plan) => settingsTag({ plans, machineName, hostOf, config: fileSettings }, plan),
    },
    look: (input) => looks.create(input),
    looked: (id) => looks.get(id),
    adopt: (id, wish) => takeOver({ looks, plans, store }, id, wish),
    prove: (plan) => proof.begin(plan),
    noteProof: (planId) => proof.note(planId),
    forget(planId) {
      forgetLineage(store, planId);
      proof.forget(planId);
    },
    tend: () => proof.tend(),
  };
}
