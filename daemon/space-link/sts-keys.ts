import { STS_DURATION_SECONDS, WIRE_PATHS, type StsPurpose } from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { SpaceSession } from './account.ts';
import type { SpaceAnswer } from './space-http.ts';
import { readStsAnswer, type CheckedSts } from './sts-answer.ts';

/** What storage keys are asked for. */
export interface StsPlace {
  readonly purpose?: StsPurpose | undefined;
  /** Of another installation's repository; asked for as `backupPrefix`. */
  readonly suffix?: string | undefined;
  readonly cloudName?: string | undefined;
  readonly regionId?: string | undefined;
}

export interface StsKeysOptions {
  readonly session: SpaceSession;
  readonly clock: Clock;
  /** Cloud and region to ask for when the plan names none. */
  readonly cloudName?: string;
  readonly regionId?: string;
}

export interface StsKeys {
  /** At the start of something new. @throws AppError `not_signed_in`, `unreachable`, `refused` */
  toBegin(place: StsPlace): Promise<CheckedSts>;
  /**
   * For something that runs: renewed by the old keys alone while that works, as the real agent does, so that an upload
   * outlives the account's token.
   * @throws AppError as {@link toBegin}
   */
  toGoOn(place: StsPlace): Promise<CheckedSts>;
}

interface Cached extends CheckedSts {
  readonly renewAt: number;
}

/** Fraction of their life after which temporary keys are replaced. */
const RENEW_AT = 0.8;
/** The way by the old keys must not hold up the way by the token. */
const REFRESH_TIMEOUT_MS = 15_000;

/** One question per place at a time; an answer serves until 80 % of its life are over. */
export function createStsKeys(options: StsKeysOptions): StsKeys {
  const { session, clock } = options;
  const cache = new Map<string, Cached>();
  const inFlight = new Map<string, Promise<Cached>>();
  let holder = holderOf(session);
  session.onChanged(() => {
    // A refused token ends nothing that runs: its keys may be good for hours.
    if (holderOf(session) !== holder) cache.clear();
    holder = holderOf(session);
  });
  const keep = async (key: string, asked: Promise<CheckedSts>): Promise<Cached> => {
    const { site, credentials } = await asked;
    const now = clock.now();
    const fresh = { site, credentials, renewAt: now + (credentials.expiresAt - now) * RENEW_AT };
    cache.set(key, fresh);
    return fresh;
  };
  const once = (key: string, ask: () => Promise<CheckedSts>): Promise<Cached> => {
    const asked = inFlight.get(key) ?? keep(key, ask()).finally(() => inFlight.delete(key));
    inFlight.set(key, asked);
    return asked;
  };
  return {
    async toBegin(place) {
      session.requireSignIn();
      const key = keyOf(place);
      return fresh(cache.get(key), clock) ?? (await once(key, () => askByToken(options, place)));
    },
    async toGoOn(place) {
      const key = keyOf(place);
      const old = cache.get(key);
      const ask = async (): Promise<CheckedSts> =>
        (old && (await askByKeys(options, place, old))) ?? (await askByToken(options, place));
      return fresh(old, clock) ?? (await once(key, ask));
    },
  };
}

const fresh = (cached: Cached | undefined, clock: Clock): Cached | undefined =>
  cached && clock.now() < cached.renewAt ? cached : undefined;

/** `backup` is what a Space gives that is told no purpose; the real one knows none. */
const keyOf = ({ purpose, suffix, cloudName, regionId }: StsPlace): string =>
  JSON.stringify([purpose === 'backup' ? undefined : purpose, suffix || undefined, cloudName, regionId]);

function holderOf(session: SpaceSession): string {
  const identity = session.identity();
  return JSON.stringify([identity?.spaceUrl, identity?.userid, identity?.device?.id]);
}

/** @returns undefined when it did not work: then the token is asked */
async function askByKeys(
  options: StsKeysOptions,
  place: StsPlace,
  { site, credentials }: Cached,
): Promise<CheckedSts | undefined> {
  const { accessKeyId: ak, secretAccessKey: sk, sessionToken: st } = credentials;
  try {
    const fields = { ak, sk, st, durationSeconds: String(STS_DURATION_SECONDS) };
    const answer = await options.session.callByKeys(WIRE_PATHS.stsRefresh, fields, {
      timeoutMs: REFRESH_TIMEOUT_MS,
    });
    const checked = readAnswer(options, place, answer);
    const isSame = checked.site.endpoint === site.endpoint && checked.site.prefix === site.prefix;
    return isSame && checked.site.bucket === site.bucket ? checked : undefined;
  } catch {
    // Whatever was wrong with it: the sign-in is the way that counts, and it has words of its own.
    return undefined;
  }
}

async function askByToken(options: StsKeysOptions, place: StsPlace): Promise<CheckedSts> {
  const { session } = options;
  // A token that cannot be renewed now may still be good: the call itself will tell.
  await session.refreshToken().catch(() => undefined);
  const { token, userid, clusterId } = session.requireSignIn();
  const { cloudName, regionId } = wished(options, place);
  const answer = await session.call(WIRE_PATHS.stsToken, {
    cloudName,
    durationSeconds: String(STS_DURATION_SECONDS),
    region: regionId,
    token,
    userid,
    clusterId: Buffer.from(clusterId).toString('base64'),
    backupPrefix: place.suffix ?? '',
    ...(place.purpose === undefined || place.purpose === 'backup' ? {} : { purpose: place.purpose }),
  });
  return readAnswer(options, place, answer);
}

const wished = (options: StsKeysOptions, place: StsPlace) => ({
  cloudName: (place.cloudName ?? options.cloudName ?? 'aws').toLowerCase(),
  regionId: (place.regionId ?? options.regionId ?? '').toLowerCase(),
});

function readAnswer(options: StsKeysOptions, place: StsPlace, answer: SpaceAnswer): CheckedSts {
  const { session, clock } = options;
  const identity = session.identity();
  return readStsAnswer(answer.data, {
    spaceUrl: identity?.spaceUrl ?? '',
    storageHost: identity?.storageHost,
    now: clock.now(),
    clockOffsetMs: answer.clockOffsetMs,
    askedSeconds: STS_DURATION_SECONDS,
    askedRegion: wished(options, place).regionId,
  });
}
