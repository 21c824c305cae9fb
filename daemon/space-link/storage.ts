import {
  AGENT_MACHINES_PATH,
  AppError,
  MachinesAnswer,
  parser,
  RegionsAnswer,
  UsageAnswer,
  WIRE_PATHS,
  type Location,
  type Plan,
} from '../../contract/index.ts';
import type { RepositoryPlace, SpaceStorage } from './space-types.ts';
import { accessOf, repositoryAddress, type StorageSite } from './sts-answer.ts';
import { createStsKeys, type StsKeysOptions, type StsPlace } from './sts-keys.ts';

const usageAnswer = parser(UsageAnswer);
const regionsAnswer = parser(RegionsAnswer);
const machinesAnswer = parser(MachinesAnswer);
/** A reading that comes late is of no use to the backup that waits for it. */
const USAGE_TIMEOUT_MS = 10_000;
const MACHINES_TIMEOUT_MS = 10_000;

export function createSpaceStorage(options: StsKeysOptions): SpaceStorage {
  const { session, clock } = options;
  const keys = createStsKeys(options);
  return {
    async access(plan) {
      const { site } = await keys.toBegin(placeOf(plan.location));
      const address = plan.repository?.address ?? repositoryAddress(site, plan);
      if (!address.startsWith(sitePrefix(site))) throw movedAway(plan, address);
      return accessOf(site, address, plan.repository?.id);
    },
    async accessByUrl(url) {
      const { site } = await keys.toBegin(placeOfUrl(url));
      if (!url.address.startsWith(sitePrefix(site))) throw foreignUrl();
      return accessOf(site, url.address, undefined);
    },
    async credentials({ location, url, purpose } = {}) {
      const place = url ? placeOfUrl(url) : placeOf(location);
      return (await keys.toGoOn({ ...place, purpose })).credentials;
    },
    async regions() {
      const { userid, token } = session.requireSignIn();
      const answer = await session.call(WIRE_PATHS.regions, { userid, token });
      return regionsAnswer.parse(answer.data, 'regions of Olares Space').filter(isRegion);
    },
    async machines() {
      const { userid, token } = session.requireSignIn();
      const how = { timeoutMs: MACHINES_TIMEOUT_MS };
      const answer = await session.callByKeys(AGENT_MACHINES_PATH, { userid, token }, how);
      return machinesAnswer.parse(answer.data, 'machines of Olares Space').machines;
    },
    async usage() {
      const { userid, token } = session.requireSignIn();
      const answer = await session.call(WIRE_PATHS.usage, { userid, token }, { timeoutMs: USAGE_TIMEOUT_MS });
      return readUsage(answer.data, clock.now());
    },
  };
}

const sitePrefix = (site: StorageSite): string => `s3:${site.endpoint}/${site.bucket}/${site.prefix}/`;

function placeOf(location: Location | undefined): StsPlace {
  if (location?.kind !== 'space') return {};
  const { cloudName, regionId } = location;
  return { cloudName, regionId };
}

/** Tencent's host names tell the cloud; a Space with storage of its own does not mind. */
function placeOfUrl({ address, suffix, region }: RepositoryPlace): StsPlace {
  const isTencent = /^s3:https:\/\/[^/]*\.myqcloud\.com\//.test(address);
  return { suffix, regionId: region, ...(isTencent ? { cloudName: 'tencentcloud' } : {}) };
}

function movedAway(plan: Plan, address: string): AppError {
  return new AppError(
    'integrity',
    `Olares Space now names another place than the repository of plan "${plan.name}": ${address}`,
    {
      hint: 'nothing was written; ask Space, or sign in with the account that made the plan',
    },
  );
}

function foreignUrl(): AppError {
  return new AppError(
    'refused',
    'this Backup URL names a place that does not belong to the signed-in account',
    {
      hint: 'sign in with the account that made the backup',
    },
  );
}

/** What does not look like a region could not be asked for either. */
const isRegion = ({ regionId, cloudName }: RegionsAnswer[number]): boolean =>
  /^[a-z0-9-]{1,40}$/i.test(regionId) && /^(aws|tencentcloud)$/i.test(cloudName);

function readUsage(data: unknown, now: number): Awaited<ReturnType<SpaceStorage['usage']>> {
  const usage = usageAnswer.parse(data, 'usage of Olares Space');
  const whole = (value: number) =>
    Number.isFinite(value) && value > 0 ? Math.min(Math.floor(value), Number.MAX_SAFE_INTEGER) : 0;
  const totalBytes = whole(usage.totalSize);
  const usedBytes = whole(usage.usageSize ?? usage.usedSize ?? 0);
  return {
    source: 'space',
    totalBytes,
    usedBytes,
    freeBytes: Math.max(totalBytes - usedBytes, 0),
    canBackup: usage.canBackup,
    planLevel: usage.planLevel,
    measuredAt: now,
    ...(usage.price && { price: usage.price }),
    ...(whole(usage.overageLimit ?? 0) > 0 && { overageLimitBytes: whole(usage.overageLimit ?? 0) }),
  };
}
