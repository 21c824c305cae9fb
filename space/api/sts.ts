import type { Envelope, StsAnswer } from '../../contract/space/wire.ts';
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
  endpoint: where.endpoint,
});

export const stsRefusal = (message: string): Envelope => refusal(OWN_CODES.refused, message);
