import { join } from 'node:path';
import {
  AppError,
  pathEscape,
  REPOSITORY_FOLDER,
  type Location,
  type Plan,
  type RepositoryAccess,
  type StorageCredentials,
  type StsPurpose,
} from '../../contract/index.ts';
import type { ArmingDoor } from './maintenance-ports.ts';

/** The account's storage, as this part uses it. */
export interface SpaceRepositories {
  /** @throws AppError `not_signed_in`, `unreachable`, `refused` */
  access(plan: Plan): Promise<RepositoryAccess>;
  credentials(options?: { location?: Location; purpose?: StsPurpose }): Promise<StorageCredentials>;
}

export interface DoorOptions {
  /** Undefined while nobody is signed in. */
  readonly space: () => SpaceRepositories | undefined;
}

/** Finds the way to each plan's repository. An armed plan's address and id are pinned. */
export function createDoor({ space }: DoorOptions): ArmingDoor {
  const requireSpace = (): SpaceRepositories => {
    const storage = space();
    if (storage) return storage;
    throw new AppError('not_signed_in', 'this plan is kept at Olares Space, and nobody is signed in', {
      hint: 'olares-backup login --space URL --code CODE',
      retry: 'after_action',
    });
  };
  return {
    async access(plan, { adopt = false } = {}) {
      const { location } = plan;
      const access =
        location.kind === 'space'
          ? await requireSpace().access(plan)
          : ownStorage(location, adopt ? undefined : plan);
      return pinned(plan, access);
    },
    credentialsFor: (plan, purpose = 'backup') =>
      plan.location.kind === 'space'
        ? async () => await requireSpace().credentials({ location: plan.location, purpose })
        : undefined,
  };
}

function pinned(plan: Plan, access: RepositoryAccess): RepositoryAccess {
  if (!plan.repository) return access;
  const { address, id } = plan.repository;
  if (plan.location.kind === 'space' && placeOf(address) !== placeOf(access.address)) {
    throw new AppError(
      'refused',
      'Olares Space now names another place than the one this plan was set up with',
      {
        hint: `expected ${address}; sign in with the account the plan belongs to`,
        retry: 'after_action',
      },
    );
  }
  return { ...access, address, expectId: id };
}

/** Bucket and prefix of a Space address: what keys are issued for. The plan's name in it may have changed since. */
function placeOf(address: string): string {
  return address.split(`/${REPOSITORY_FOLDER}/`)[0] ?? address;
}

/** @param plan absent: the location itself names the repository */
function ownStorage(
  location: Exclude<Location, { kind: 'space' }>,
  plan: Plan | undefined,
): RepositoryAccess {
  if (location.kind === 'directory') {
    const address = plan ? directoryFor(location.path, plan) : location.path;
    return { address, options: {}, credentials: { kind: 'none' } };
  }
  const folder = plan && `${REPOSITORY_FOLDER}/${pathEscape(plan.name)}-${plan.id}`;
  const address = folder ? `${location.address.replace(/\/+$/, '')}/${folder}` : location.address;
  const file = location.kind === 's3' ? location.credentialsFile : undefined;
  return {
    address,
    options: {},
    credentials: file === undefined ? { kind: 'none' } : { kind: 'file', path: file },
  };
}

/** The real Olares leaves the name as it is in a directory; a slash would be a folder of its own. */
function directoryFor(path: string, plan: Plan): string {
  return join(path, REPOSITORY_FOLDER, `${plan.name.replaceAll('/', '_')}-${plan.id}`);
}
