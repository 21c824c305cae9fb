import {
  AppError,
  type RestoreChoice,
  type Plan,
  type RepositoryAccess,
  type StorageCredentials,
} from '../../contract/index.ts';
import { parseBackupUrl } from './backup-url.ts';
import { planAt } from './plan-at.ts';
import type { RequestRow, RestoreDoor, RestorePlans, RestoreStore, SpaceByUrl } from './restore-ports.ts';

export interface RestoreAccessOptions {
  readonly plans: RestorePlans;
  readonly store: Pick<RestoreStore, 'snapshots'>;
  readonly door: RestoreDoor;
  /** Undefined while nobody is signed in. */
  readonly space: () => SpaceByUrl | undefined;
}

/** Where a request's snapshot is. */
export interface Way {
  readonly access: RepositoryAccess;
  readonly credentials: (() => Promise<StorageCredentials>) | undefined;
}

export async function wayTo(options: RestoreAccessOptions, row: RequestRow): Promise<Way> {
  const plan = planOf(options, row);
  if (plan)
    return { access: await options.door.access(plan), credentials: options.door.credentialsFor(plan) };
  return await wayByUrl(options, row);
}

/** @throws AppError `not_found` when the plan was removed since */
export function planOf({ plans }: Pick<RestoreAccessOptions, 'plans'>, row: RequestRow): Plan | undefined {
  return row.planId === null ? undefined : plans.get(row.planId);
}

/**
 * Paths the snapshot was made of, as the ledger has them; empty when it is not in the ledger. Of several, only the one
 * that holds all that is to be restored in place: that can be done for one at a time.
 */
export function sourcePathsOf(
  { store }: Pick<RestoreAccessOptions, 'store'>,
  row: RequestRow,
  { inPlace, include = [] }: RestoreChoice = {},
): readonly string[] {
  const snapshot = store.snapshots.find(row.snapshotId);
  const paths = snapshot === undefined || snapshot === 'ambiguous' ? [] : snapshot.paths;
  if (!inPlace || paths.length < 2 || include.length === 0) return paths;
  const only = paths.find((path) => include.every((each) => each === path || each.startsWith(`${path}/`)));
  return only === undefined ? paths : [only];
}

async function wayByUrl(
  { space, door }: RestoreAccessOptions,
  { backupUrl, location }: RequestRow,
): Promise<Way> {
  const url = parseBackupUrl(backupUrl ?? '');
  if (location && location.kind !== 'space') {
    return { access: await door.access(planAt(location), { adopt: true }), credentials: undefined };
  }
  if (url.location !== 'space') {
    const access = { address: url.address, options: {}, credentials: { kind: 'none' as const } };
    return { access, credentials: undefined };
  }
  const storage = space();
  if (!storage) {
    throw new AppError('not_signed_in', 'the snapshot is at Olares Space, and nobody is signed in', {
      hint: 'olares-backup login --space URL --code CODE',
    });
  }
  const credentials = async () => await storage.credentials({ url });
  return { access: await storage.accessByUrl(url), credentials };
}
