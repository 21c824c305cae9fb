import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  CredentialIssuer,
  type CredentialClaims,
  type CredentialGrant,
  type CredentialKeys,
  type TemporaryCredentials,
} from './credentials.ts';
import { ObjectStore } from './disk/object-store.ts';
import { loadSecret } from './disk/secret-file.ts';
import type { StoredUsage } from './disk/usage-meter.ts';
import type { StorageFaults } from './faults.ts';
import { serve, type EndpointOptions } from './s3/endpoint.ts';
import { isSigned } from './s3/signature.ts';

export type {
  CredentialClaims,
  CredentialGrant,
  CredentialKeys,
  CredentialPurpose,
  TemporaryCredentials,
} from './credentials.ts';
export type { StoredUsage } from './disk/usage-meter.ts';
export type { FaultSubject, StorageFault, StorageFaults } from './faults.ts';

export interface AccountUsage extends StoredUsage {
  /** When it was counted, Unix time in ms; absent where it is true now. */
  measuredAtMs?: number;
}

/** One kind of storage behind the Space. */
export interface Storage {
  /**
   * Temporary credentials for one account's prefix. They work over restarts of Space. How long they live at most is
   * the storage's own matter.
   * @throws RangeError for an empty prefix or a time that is not positive
   * @throws AppError `unreachable` when the storage cannot give any now
   */
  issue(grant: CredentialGrant): Promise<TemporaryCredentials>;
  /**
   * New credentials with the rights of the given ones, which may have expired. Undefined when the three do not
   * belong together, are not ours, or descend from credentials first issued more than 30 days (prune: 1 day) ago.
   * @throws AppError as `issue`
   */
  refresh(keys: CredentialKeys, ttlSeconds: number): Promise<TemporaryCredentials | undefined>;
  /** Whose credentials these are, expired or not; undefined as in `refresh`. Ask it to judge the account first. */
  identify(keys: CredentialKeys): CredentialClaims | undefined;
  /** What an account stores, over all its prefixes: what its quota is measured by. Answers at once. */
  accountUsage(accountId: string): AccountUsage;
  /** Whether a request is for `handle` and not for the rest of the Space. */
  isS3Request(request: IncomingMessage): boolean;
  /**
   * Answers an S3 request; never throws. The http server it comes from needs `requestTimeout: 0`: Node's default
   * cuts every upload that takes more than 5 minutes. Idle uploads are ended here after a minute.
   */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Waits for the requests in work, then closes. End their connections first if they may take long. */
  close(): Promise<void>;
}

export interface LocalStorage extends Storage {
  /** All objects under a prefix, as stored now. Reads the index: some ms per 10,000 objects. */
  usage(prefix: string): StoredUsage;
}

export interface LocalStorageOptions {
  /** Made if missing, with rights for this user only. One process at a time may use it. */
  dir: string;
  bucket: string;
  region: string;
  /** Unix time in ms. */
  clock: () => number;
  /** Bytes an account may store, asked at each write; 0 refuses an unknown account. */
  quotaBytes: (accountId: string) => number;
  random?: (bytes: number) => Buffer;
  /** Unfinished multipart uploads an account may have; default 1,000. */
  maxUploads?: number;
  /** Time between two looks for uploads that nobody finished; default 1 h. */
  sweepEveryMs?: number;
  /** For tests only. */
  faults?: StorageFaults;
  /** Told of each fault of our own that a client saw as `InternalError` or a full disk. */
  onError?: (error: unknown, requestId: string) => void;
}

const SWEEP_MS = 3_600_000;

/**
 * Storage on the local disk behind an S3 endpoint (path style, SigV4, temporary credentials only).
 * @throws Error when the directory cannot be used or its secret is damaged
 */
export async function openLocalStorage(options: LocalStorageOptions): Promise<LocalStorage> {
  const { dir, bucket, region, clock, quotaBytes } = options;
  const random = options.random ?? randomBytes;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const issuer = new CredentialIssuer({ secret: await loadSecret(dir, random), clock, random });
  const store = await ObjectStore.open({ dir, nowMs: clock(), random });
  const onError = options.onError ?? (() => undefined);
  const endpoint: EndpointOptions = {
    bucket,
    region,
    clock,
    random,
    quotaBytes,
    maxUploads: options.maxUploads,
    store,
    issuer,
    faults: options.faults,
    onError,
  };
  const inWork = new Set<Promise<void>>();
  const keep = (work: Promise<void>): void => {
    const kept = work.catch((error: unknown) => onError(error, 'none')).finally(() => inWork.delete(kept));
    inWork.add(kept);
  };
  const sweep = setInterval(
    () => keep(store.sweepUploads(clock())),
    options.sweepEveryMs ?? SWEEP_MS,
  ).unref();
  return {
    issue: async (grant) => issuer.issue(grant),
    refresh: async (keys, ttlSeconds) => issuer.refresh(keys, ttlSeconds),
    identify: (keys) => issuer.identify(keys),
    accountUsage: (accountId) => store.meter.stored(accountId),
    usage: (prefix) => store.usage(prefix),
    isS3Request(request) {
      const url = request.url ?? '/';
      return isSigned(request.headers, url) || (url.split(/[/?]/)[1] ?? '') === bucket;
    },
    handle(request, response) {
      keep(serve(request, response, endpoint));
    },
    async close() {
      clearInterval(sweep);
      await Promise.all(inWork);
      store.close();
    },
  };
}
