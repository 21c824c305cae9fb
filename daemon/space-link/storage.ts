import {
  AppError,
  parser,
  STS_DURATION_SECONDS,
  UsageAnswer,
  WIRE_PATHS,
  type Plan,
  type StsPurpose,
} from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { SpaceSession } from './account.ts';
import type { Identity } from './identity.ts';
import type { SpaceStorage } from './space-types.ts';
import {
  accessOf,
  readStsAnswer,
  repositoryAddress,
  type CheckedSts,
  type StorageSite,
} from './sts-answer.ts';

export interface SpaceStorageOptions {
  readonly session: SpaceSession;
  readonly clock: Clock;
  /** Cloud and region to ask for when the plan names none. */
  readonly cloudName?: string;
  readonly regionId?: string;
}

interface CachedSts extends CheckedSts {
  readonly renewAt: number;
}

/** Fraction of their life after which temporary keys are replaced. */
const RENEW_AT = 0.8;
const usageAnswer = parser(UsageAnswer);

export function createSpaceStorage(options: SpaceStorageOptions): SpaceStorage {
  const { session, clock } = options;
  const sts = createStsCache(options);
  return {
    async access(plan) {
      const { site } = await sts(placeOf(plan));
      const address = plan.repository?.address ?? repositoryAddress(site, plan);
      if (!address.startsWith(sitePrefix(site))) throw movedAway(plan, address);
      return accessOf(site, address, plan.repository?.id);
    },
    async accessByUrl(url) {
      const { site } = await sts({ suffix: url.suffix, regionId: url.region });
      if (!url.address.startsWith(sitePrefix(site))) throw foreignUrl();
      return accessOf(site, url.address, undefined);
    },
    credentials: async ({ suffix, purpose } = {}) => (await sts({ suffix, purpose })).credentials,
    async usage() {
      const { userid, token } = identityOf(session);
      const answer = await session.call(WIRE_PATHS.usage, { userid, token });
      return readUsage(answer.data, clock.now());
    },
  };
}

/** One question per place at a time; an answer serves until 80 % of its life are over. */
function createStsCache(options: SpaceStorageOptions): (place: StsPlace) => Promise<CachedSts> {
  const cache = new Map<string, CachedSts>();
  const inFlight = new Map<string, Promise<CachedSts>>();
  options.session.onChanged(() => cache.clear());
  return async (place) => {
    const key = JSON.stringify(place);
    const cached = cache.get(key);
    if (cached && options.clock.now() < cached.renewAt) return cached;
    const asked = inFlight.get(key) ?? askSts(options, place).finally(() => inFlight.delete(key));
    inFlight.set(key, asked);
    const fresh = await asked;
    cache.set(key, fresh);
    return fresh;
  };
}

async function askSts(
  { session, clock, ...defaults }: SpaceStorageOptions,
  place: StsPlace,
): Promise<CachedSts> {
  // A token that cannot be renewed now may still be good: the call itself will tell.
  await session.refreshToken().catch(() => undefined);
  const identity = identityOf(session);
  const answer = await session.call(WIRE_PATHS.stsToken, {
    cloudName: (place.cloudName ?? defaults.cloudName ?? 'aws').toLowerCase(),
    durationSeconds: String(STS_DURATION_SECONDS),
    region: (place.regionId ?? defaults.regionId ?? '').toLowerCase(),
    token: identity.token,
    userid: identity.userid,
    clusterId: Buffer.from(identity.clusterId).toString('base64'),
    backupPrefix: place.suffix ?? '',
    ...(place.purpose === undefined ? {} : { purpose: place.purpose }),
  });
  const now = clock.now();
  const checked = readStsAnswer(answer.data, {
    spaceUrl: identity.spaceUrl,
    storageHost: identity.storageHost,
    now,
    clockOffsetMs: session.clockOffsetMs(),
    askedSeconds: STS_DURATION_SECONDS,
  });
  return { ...checked, renewAt: now + (checked.credentials.expiresAt - now) * RENEW_AT };
}

/** @throws AppError `not_signed_in` */
function identityOf(session: SpaceSession): Identity {
  const identity = session.identity();
  if (identity) return identity;
  throw new AppError('not_signed_in', 'this machine is not signed in to a Space', {
    retry: 'after_action',
    hint: 'olares-backup login --space URL --code CODE',
  });
}

const sitePrefix = (site: StorageSite): string => `s3:${site.endpoint}/${site.bucket}/${site.prefix}/`;

interface StsPlace {
  readonly purpose?: StsPurpose | undefined;
  readonly suffix?: string | undefined;
  readonly cloudName?: string | undefined;
  readonly regionId?: string | undefined;
}

function placeOf(plan: Plan): StsPlace {
  if (plan.location.kind !== 'space') return {};
  const { cloudName, regionId } = plan.location;
  return { cloudName, regionId };
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
  };
}
