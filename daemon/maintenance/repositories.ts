import {
  AppError,
  type DoctorCheck,
  type HelperResultOf,
  type Plan,
  type PlanKey,
} from '../../contract/index.ts';
import { createKeyWork, requireArmed, type KeyWorkOptions } from './arm.ts';
import { testLocation } from './location-test.ts';
import { createLedgerWatch, type LedgerWatchOptions } from './ledger-watch.ts';
import type { Repositories } from './repository-types.ts';
import { createSnapshotList, type SnapshotListOptions } from './snapshot-list.ts';

export interface RepositoriesOptions
  extends KeyWorkOptions, SnapshotListOptions, Omit<LedgerWatchOptions, 'look'> {
  readonly plans: KeyWorkOptions['plans'] & SnapshotListOptions['plans'];
  readonly store: SnapshotListOptions['store'] & LedgerWatchOptions['store'];
  readonly config: KeyWorkOptions['config'] & SnapshotListOptions['config'];
  readonly doctor: () => Promise<DoctorCheck[]>;
}

export function createRepositories(options: RepositoriesOptions): Repositories {
  const { doctor, log } = options;
  const list = createSnapshotList(options);
  const listAdopted = (plan: Plan): void => {
    list.snapshots(plan, true).catch((error: unknown) => {
      log.warn({ err: error, planId: plan.id }, 'the snapshots of an adopted repository were not listed');
    });
  };
  return {
    ...createKeyWork(options, listAdopted),
    ...list,
    doctor,
    tend: createLedgerWatch({ ...options, look: (plan) => list.snapshots(plan, true) }),
    test: async (plan, how) => await testLocation(options, plan, how),
    keys: async (plan) => await readKeys(options, plan),
    removeKey: async (plan, keyId) => await removeKey(options, plan, keyId),
  };
}

async function readKeys({ engine, door, config }: RepositoriesOptions, plan: Plan): Promise<PlanKey[]> {
  requireArmed(plan);
  const credentials = door.credentialsFor(plan);
  const found: HelperResultOf<'key-list'> = await engine.run(
    { verb: 'key-list', access: await door.access(plan), host: config.engineHost },
    credentials && { credentials },
  );
  return found.map(({ id, createdAt }) => {
    const known = plan.keys.find((key) => key.id === id);
    return { role: 'other', ...known, id, createdAt };
  });
}

async function removeKey(options: RepositoriesOptions, plan: Plan, keyId: string): Promise<PlanKey[]> {
  const { engine, door, plans, config } = options;
  const keys = await readKeys(options, plan);
  const key = keys.find(({ id }) => id === keyId);
  if (!key) {
    throw new AppError('not_found', `"${plan.name}" has no key ${keyId.slice(0, 8)}`, {
      hint: 'see `olares-backup key list`',
      field: 'key',
    });
  }
  refuseVitalKey(key, keys);
  const credentials = door.credentialsFor(plan, 'keys');
  await engine.run(
    { verb: 'key-remove', access: await door.access(plan), host: config.engineHost, keyId },
    credentials && { credentials },
  );
  const left = keys.filter(({ id }) => id !== keyId);
  const { capsule } = plans.row(plan.id);
  if (capsule) {
    plans.setKeys(plan.id, left, { ...capsule, keys: capsule.keys.filter(({ id }) => id !== keyId) });
  }
  return left;
}

function refuseVitalKey({ role }: PlanKey, keys: readonly PlanKey[]): void {
  if (role === 'machine') {
    throw new AppError('refused', 'this is the key the agent itself works with', {
      hint: "to end this machine's access remove the plan, then the key with stock restic",
      field: 'key',
    });
  }
  if (role === 'user' && keys.filter((key) => key.role === 'user').length === 1) {
    throw new AppError('refused', 'this is the only password of the repository', {
      hint: 'change it instead: olares-backup key change-password',
      field: 'key',
    });
  }
}
