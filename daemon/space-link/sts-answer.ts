import {
  AppError,
  cleanText,
  parser,
  pathEscape,
  REPOSITORY_FOLDER,
  StsAnswer,
  type RepositoryAccess,
  type StorageCredentials,
} from '../../contract/index.ts';

/** Where an account's repositories are, checked. */
export interface StorageSite {
  readonly cloud: 'aws' | 'tencentcloud';
  /** `https://host[:port]` */
  readonly endpoint: string;
  readonly bucket: string;
  /** `<DID>-<suffix>` */
  readonly prefix: string;
  readonly suffix: string;
  readonly region: string;
}

export interface CheckedSts {
  readonly site: StorageSite;
  readonly credentials: StorageCredentials;
}

export interface StsContext {
  readonly spaceUrl: string;
  readonly storageHost: string | undefined;
  readonly now: number;
  /** Space's clock minus ours. */
  readonly clockOffsetMs: number;
  readonly askedSeconds: number;
  /** Empty when none was asked for. */
  readonly askedRegion?: string;
}

/**
 * What each field may look like: nothing of Space's answer reaches a repository address or an option of restic
 * without matching. AWS bucket rules: 3 to 63 of a-z, 0-9, dot, hyphen.
 */
const PATTERNS = {
  cloud: /^(aws|tencentcloud)$/,
  bucket: /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
  region: /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/,
  prefix: /^did:[a-z0-9]{1,20}:[A-Za-z0-9._:]{1,200}-[A-Za-z0-9]{1,100}$/,
  ak: /^[A-Za-z0-9+/=_.-]{4,512}$/,
  sk: /^[A-Za-z0-9+/=_.-]{4,512}$/,
  st: /^[A-Za-z0-9+/=_.-]{4,16384}$/,
} as const;

const stsParser = parser(StsAnswer);

/**
 * Reads Space's answer to a request for storage keys.
 * @throws AppError `refused` naming the field that is outside its pattern; `unreachable` when it sent none
 */
export function readStsAnswer(data: unknown, context: StsContext): CheckedSts {
  if (data === null || data === undefined) throw noKeys();
  if (!stsParser.check(data)) throw refusedAnswer('storage keys', 'incomplete');
  for (const [field, pattern] of Object.entries(PATTERNS)) {
    const value = data[field as keyof typeof PATTERNS];
    if (!pattern.test(value) || value.includes('..'))
      throw refusedAnswer(field, SECRET_FIELDS.has(field) ? 'malformed' : value);
  }
  const region = regionOf(data, context);
  const site: StorageSite = {
    cloud: data.cloud as StorageSite['cloud'],
    endpoint:
      data.endpoint === undefined ? vendorEndpoint(data.cloud, region) : ownEndpoint(data.endpoint, context),
    bucket: data.bucket,
    prefix: data.prefix,
    suffix: data.prefix.slice(data.prefix.lastIndexOf('-') + 1),
    region,
  };
  const expiresAt = readExpiry(data.expiration, context);
  return {
    site,
    credentials: { accessKeyId: data.ak, secretAccessKey: data.sk, sessionToken: data.st, expiresAt },
  };
}

const SECRET_FIELDS = new Set(['ak', 'sk', 'st']);

/** Done and yet nothing in it: a Space in trouble, which may pass. */
const noKeys = (): AppError =>
  new AppError('unreachable', 'Olares Space issued no storage keys', {
    hint: 'it is tried again by itself',
    retry: 'backoff',
  });

function refusedAnswer(field: string, value: string): AppError {
  return new AppError(
    'refused',
    `Olares Space sent a value that is not acceptable: ${field} = "${cleanText(value, 80)}"`,
    {
      hint: 'nothing was uploaded; if this Space is your own, check its settings',
      field,
    },
  );
}

/** As the real agent does: on AWS the region of the answer counts, on Tencent's the one that was asked for. */
function regionOf({ cloud, region }: StsAnswer, { askedRegion = '' }: StsContext): string {
  return cloud === 'tencentcloud' && PATTERNS.region.test(askedRegion) ? askedRegion : region;
}

const vendorEndpoint = (cloud: string, region: string): string =>
  cloud === 'aws' ? `https://s3.${region}.amazonaws.com` : `https://cos.${region}.myqcloud.com`;

/** An endpoint of the Space's own: on its own host, or the one pinned at pairing; plain http on loopback only. */
function ownEndpoint(endpoint: string, context: StsContext): string {
  const url = bareOrigin(endpoint);
  if (!url || !isKnownHost(url, context)) throw refusedAnswer('endpoint', endpoint);
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
  if (!isSafe) throw refusedAnswer('endpoint', endpoint);
  return url.origin;
}

const isKnownHost = (url: URL, { spaceUrl, storageHost }: StsContext): boolean =>
  url.hostname === new URL(spaceUrl).hostname || url.host === storageHost;

/** The address when it is scheme, host and port, and nothing else. */
function bareOrigin(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url && url.origin !== 'null' && text.replace(/\/$/, '') === url.origin ? url : undefined;
}

export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);

/** Above this a number is milliseconds, below it seconds: 10^11 s is the year 5138, 10^11 ms is 1973. */
const SECONDS_LIMIT = 100_000_000_000;

function readExpiry(expiration: string | number, context: StsContext): number {
  const fallback = context.now + context.askedSeconds * 1000;
  const number =
    typeof expiration === 'number' ? expiration : /^\d+$/.test(expiration) ? Number(expiration) : undefined;
  const spaceTime =
    number === undefined ? Date.parse(String(expiration)) : number < SECONDS_LIMIT ? number * 1000 : number;
  if (!Number.isFinite(spaceTime)) return fallback;
  return Math.round(Math.min(Math.max(spaceTime - context.clockOffsetMs, 0), fallback));
}

/** restic's address of a plan's repository, as the real Olares writes it. */
export function repositoryAddress(site: StorageSite, plan: { name: string; id: string }): string {
  return `s3:${site.endpoint}/${site.bucket}/${site.prefix}/${REPOSITORY_FOLDER}/${pathEscape(plan.name)}-${plan.id}`;
}

export function accessOf(site: StorageSite, address: string, expectId: string | undefined): RepositoryAccess {
  return {
    address,
    options:
      site.cloud === 'tencentcloud'
        ? { 's3.bucket-lookup': 'dns', 's3.region': site.region }
        : { 's3.region': site.region },
    credentials: { kind: 'sts' },
    ...(expectId === undefined ? {} : { expectId }),
  };
}
