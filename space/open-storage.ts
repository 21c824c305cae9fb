import { join } from 'node:path';
import { AppError } from '../contract/errors.ts';
import type { StorageIdentity } from './api/sts.ts';
import type { SpaceFaults } from './faults.ts';
import type { SpaceHosts } from './hosts.ts';
import type { Clock, Random } from './ids.ts';
import type { Log } from './log.ts';
import type { Account } from './state/accounts.ts';
import type { State } from './state/state.ts';
import { ClusterStorage } from './storage/cluster/cluster-storage.ts';
import type { ClusterSettings } from './storage/cluster/settings.ts';
import { openLocalStorage, type Storage } from './storage/storage.ts';

export const BUCKET = 'olares-space';
export const REGION = 'local-1';

export interface StorageChoice {
  readonly dataDir: string;
  /** Objects are kept there; without it on the local disk, behind this Space's own address. */
  readonly cluster?: ClusterSettings;
  /** The objects were copied from where they were kept before. */
  readonly storageMoved?: boolean;
}

interface Surroundings {
  readonly state: State;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly faults: SpaceFaults | undefined;
}

/**
 * Opens the storage this Space was told to use.
 * @throws AppError `conflict` when its objects are kept elsewhere, `config_invalid` when a cluster refuses
 */
export async function openStorage(choice: StorageChoice, around: Surroundings): Promise<Storage> {
  const { state, clock, random, log, faults } = around;
  const { dataDir, cluster: settings } = choice;
  refuseOtherPlace(choice, state);
  const quotaBytes = (accountId: string) => mayStore(state.accounts.byId(accountId));
  const onError = (error: unknown) => log('error', 'storage failed', { error });
  if (settings === undefined) {
    const dir = join(dataDir, 'storage');
    const knobs = faults?.storage ? { faults: faults.storage } : {};
    const local = { dir, bucket: BUCKET, region: REGION, clock, random, quotaBytes, onError, ...knobs };
    return rememberPlace(choice, state, await openLocalStorage(local));
  }
  const prefixesOf = (accountId: string) => state.accounts.prefixes(accountId);
  const dir = join(dataDir, 'cluster');
  const storage = new ClusterStorage({ dir, settings, clock, quotaBytes, prefixesOf, onError });
  try {
    await storage.probe();
  } catch (error) {
    await storage.close();
    throw error;
  }
  return rememberPlace(choice, state, storage);
}

/** Included, and what is sold beyond it. */
export const mayStore = (account: Pick<Account, 'quotaBytes' | 'overageBytes'> | undefined): number =>
  account === undefined ? 0 : account.quotaBytes + account.overageBytes;

/** Where machines are told to find it. */
export function storageIdentityOf(cluster: ClusterSettings | undefined, hosts: SpaceHosts): StorageIdentity {
  if (cluster !== undefined) return cluster;
  return {
    cloud: 'aws',
    region: REGION,
    bucket: BUCKET,
    // Known once the port is.
    get endpoint() {
      return hosts.url;
    },
  };
}

const PLACE = 'storage';

const placeOf = ({ cluster }: StorageChoice): string =>
  cluster === undefined ? 'disk' : `s3 ${cluster.endpoint}/${cluster.bucket}`;

/** Elsewhere every repository would be missing, and the machines would have to think that it was lost. */
function refuseOtherPlace(choice: StorageChoice, state: State): void {
  const before = state.setting(PLACE) ?? 'disk';
  const place = placeOf(choice);
  const hasData = state.accounts.list().some(({ id }) => state.accounts.suffixes(id).length > 0);
  if (before === place || !hasData || choice.storageMoved === true) return;
  throw new AppError('conflict', `the objects of this Space are kept in "${before}", not in "${place}"`, {
    field: 'storage',
    hint: 'start it with the options it had; or copy all objects under their names, and say --storage-moved once',
  });
}

function rememberPlace(choice: StorageChoice, state: State, storage: Storage): Storage {
  state.setSetting(PLACE, placeOf(choice));
  return storage;
}
