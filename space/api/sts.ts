import type { Envelope, StsAnswer } from '../../contract/space/wire.ts';
import { vendorEndpoint } from '../storage/cluster/settings.ts';
import type { TemporaryCredentials } from '../storage/storage.ts';
import { OWN_CODES, refusal } from './envelope.ts';

/** Where the stored objects are, in the words of the STS answer. */
export interface StorageIdentity {
  readonly cloud: string;
  readonly region: string;
  readonly bucket: string;
  /** `http(s)://host[:port]` */
  readonly endpoint: string;
}

export const stsAnswer = (credentials: TemporaryCredentials, where: StorageIdentity): StsAnswer => ({
  cloud: where.cloud,
  region: where.region,
  bucket: where.bucket,
  prefix: credentials.prefix,
  ak: credentials.accessKeyId,
  sk: credentials.secretAccessKey,
  st: credentials.sessionToken,
  expiration: new Date(credentials.expiresAtMs).toISOString().replace(/\.\d{3}Z$/, 'Z'),
  restic_repo: '',
  // Left out where agents know it by cloud and region, as the real Space does: they need no pinned host then.
  ...(isVendors(where) ? {} : { endpoint: where.endpoint }),
});

const isVendors = ({ cloud, region, endpoint }: StorageIdentity): boolean =>
  endpoint === vendorEndpoint(cloud, region);

/** The host that a machine has to pin when it is paired, since it is neither this Space's nor the vendor's. */
export function hostToPin(where: StorageIdentity, spaceUrl: string): string | undefined {
  const { host, hostname } = new URL(where.endpoint);
  return isVendors(where) || hostname === new URL(spaceUrl).hostname ? undefined : host;
}

export const stsRefusal = (message: string): Envelope => refusal(OWN_CODES.refused, message);
