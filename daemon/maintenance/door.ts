import { join } from 'node:path';
import {
  AppError,
  atMost,
  pathEscape,
  REPOSITORY_FOLDER,
  type Location,
  type Plan,
  type RepositoryAccess,
  type StorageCredentials,
  type StsPurpose,
} from '../../contract/index.ts';
import type { ArmingDoor } from './maintenance-ports.ts';
import type { MountWatch } from './mount-watch.ts';

/** The account's storage, as this part uses it. */
export interface SpaceRepositories {
  /** @throws AppError `not_signed_in`, `unreachable`, `refused` */
  access(plan: Plan): Promise<RepositoryAccess>;
  /** Of another installation of the same account. */
  accessByUrl(place: AdoptedPlace): Promise<RepositoryAccess>;
  credentials(options?: {
    location?: Location;
    url?: AdoptedPlace;
    purpose?: StsPurpose;
  }): Promise<StorageCredentials>;
}

/** Where a plan's repository at Space was before this machine took it over. */
export interface AdoptedPlace {
  readonly address: string;
  readonly suffix: string | undefined;
  readonly region: string | undefined;
}

export interface DoorOptions {
  /** Undefined while nobody is signed in. */
  readonly space: () => SpaceRepositories | undefined;
  /** Undefined for a plan that this installation made itself. */
  readonly adoptedPlace?: (planId: string) => AdoptedPlace | undefined;
  /** Looks whether the disk of a plan's directory is mounted; throws when it is not. */
  readonly mounts?: Pick<MountWatch, 'check'>;
  /** Those of the settings: no plan is faster. */
  readonly limits?: { uploadKiBPerSecond?: number | undefined; downloadKiBPerSecond?: number | undefined };
}

/** Finds the way to each plan's repository. An armed plan's address and id are pinned. */
export function createDoor({ space, mounts, adoptedPlace, limits = {} }: DoorOptions): ArmingDoor {
  const requireSpace = (): SpaceRepositories => {
    const storage = space();
    if (storage) return storage;
    throw new AppError('not_signed_in', 'this plan is kept at Olares Space, and nobody is signed in', {
      hint: 'olares-backup login --space URL --code CODE',
      retry: 'after_action',
    });
  };
  const atSpace = async (plan: Plan): Promise<RepositoryAccess> => {
    const place = adoptedPlace?.(plan.id);
    return await (place ? requireSpace().accessByUrl(place) : requireSpace().access(plan));
  };
  return {
    async access(plan, { adopt = false } = {}) {
      const { location } = plan;
      const access =
        location.kind === 'space' ? await atSpace(plan) : ownStorage(location, adopt ? undefined : plan);
      await mounts?.check(plan);
      return { ...pinned(plan, access), ...limitsOf(plan, limits) };
    },
    credentialsFor: (plan, purpose = 'backup') =>
      plan.location.kind === 'space'
        ? async () => {
            const url = adoptedPlace?.(plan.id);
            return await requireSpace().credentials({
              location: plan.location,
              purpose,
              ...(url && { url }),
            });
          }
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

/** A plan without limits of its own leaves those of the settings to whoever starts the run. */
function limitsOf(plan: Plan, all: NonNullable<DoorOptions['limits']>): Pick<RepositoryAccess, 'limits'> {
  const { upload = [], download = [] } = plan.limits ?? {};
  if (upload.length === 0 && download.length === 0) return {};
  return {
    limits: {
      zone: plan.zone,
      upload: atMost(upload, all.uploadKiBPerSecond),
      download: atMost(download, all.downloadKiBPerSecond),
    },
  };
}

/** @param plan absent: the location itself names the repository */
function ownStorage(
  location: Exclude<Location, { kind: 'space' }>,
  plan: Plan | undefined,
): RepositoryAccess {
  const none = { options: {}, credentials: { kind: 'none' } } as const;
  if (location.kind === 'directory') {
    return { ...none, address: plan ? directoryFor(location.path, plan) : location.path };
  }
  const folder = plan && folderFor(location.kind, plan);
  const address = folder ? `${location.address.replace(/\/+$/, '')}/${folder}` : location.address;
  if (location.kind === 'sftp') return { ...none, address, ssh: sshOf(location) };
  const { credentialsFile: path, caFile } = location;
  return {
    address,
    options: location.kind === 's3' ? s3Options(location) : {},
    credentials: path === undefined ? none.credentials : { kind: 'file', path },
    ...(caFile !== undefined && { caFile }),
  };
}

function sshOf({
  hostKeys = [],
  keyFile,
}: Extract<Location, { kind: 'sftp' }>): NonNullable<RepositoryAccess['ssh']> {
  return { hostKeys, ...(keyFile !== undefined && { keyFile }) };
}

/** A REST server gives each user one directory and what is directly in it; to all others the real Olares' way. */
function folderFor(kind: 's3' | 'rest' | 'sftp', { name, id }: Plan): string {
  const own = `${pathEscape(kind === 'rest' ? name.replaceAll('/', '_') : name)}-${id}`;
  return kind === 'rest' ? own : `${REPOSITORY_FOLDER}/${own}`;
}

/** Tencent has its buckets in the names of hosts, and the region too; as the real Olares sets them. */
function s3Options({ address, region }: Extract<Location, { kind: 's3' }>): RepositoryAccess['options'] {
  const tencent = /^s3:(?:https?:)?\/{0,2}cos\.([a-z0-9-]+)\.myqcloud\.com\//.exec(address)?.[1];
  return {
    ...(tencent !== undefined && { 's3.bucket-lookup': 'dns' as const, 's3.region': tencent }),
    ...(region !== undefined && { 's3.region': region }),
  };
}

/** The real Olares leaves the name as it is in a directory; a slash would be a folder of its own. */
function directoryFor(path: string, plan: Plan): string {
  return join(path, REPOSITORY_FOLDER, `${plan.name.replaceAll('/', '_')}-${plan.id}`);
}
