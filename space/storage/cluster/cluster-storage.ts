import { join } from 'node:path';
import { AppError } from '../../../contract/errors.ts';
import { makePrivateDir } from '../../private-dir.ts';
import {
  lifeSeconds,
  MAX_RENEWAL_MS,
  normalizePrefix,
  type CredentialGrant,
  type TemporaryCredentials,
} from '../credentials.ts';
import type { Storage } from '../storage.ts';
import { ClusterClient } from './client.ts';
import { ClusterLedger } from './ledger.ts';
import { sessionPolicy } from './session-policy.ts';
import { SESSION_SECONDS, type ClusterSettings } from './settings.ts';
import { ClusterUsage } from './usage.ts';

export interface ClusterStorageOptions {
  /** For what has to be remembered; made if missing. */
  readonly dir: string;
  readonly settings: ClusterSettings;
  /** Unix time in ms. */
  readonly clock: () => number;
  readonly quotaBytes: (accountId: string) => number;
  readonly prefixesOf: (accountId: string) => readonly string[];
  /** Told of each fault of the cluster, in words for whoever runs this Space. */
  readonly onError: (error: unknown) => void;
  readonly maxUsageAgeMs?: number;
}

/** How long somebody who asks for keys waits for the first count of what is stored. */
const FIRST_COUNT_MS = 5_000;

/**
 * Storage in an S3 cluster of others: machines talk to it directly, with keys of an STS session whose policy ends at
 * one prefix. The quota cannot be kept write by write, as in our own: keys made after it was reached cannot add data.
 */
export class ClusterStorage implements Storage {
  readonly #options: ClusterStorageOptions;
  readonly #client: ClusterClient;
  readonly #ledger: ClusterLedger;
  readonly #usage: ClusterUsage;

  /** @throws Error when the directory cannot be used */
  constructor(options: ClusterStorageOptions) {
    const { dir, settings, clock, onError, maxUsageAgeMs: maxAgeMs } = options;
    makePrivateDir(dir);
    this.#options = options;
    this.#client = new ClusterClient({ settings, clock });
    const ledger = new ClusterLedger(join(dir, 'cluster.db'));
    this.#ledger = ledger;
    const list = (prefix: string, page: { from: string | undefined }) => this.#client.list(prefix, page);
    this.#usage = new ClusterUsage({
      list,
      ledger,
      clock,
      onError,
      ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
    });
  }

  /**
   * Lists one object and asks for keys that open nothing of use: what is set wrongly shows at the start.
   * @throws AppError `config_invalid` when the cluster refuses; one that does not answer may come back, and is only told
   */
  async probe(): Promise<void> {
    // As long as any will be asked for: the role may allow less.
    const ttlSeconds = this.#options.settings.sessionSeconds;
    try {
      await this.#client.list('', { limit: 1 });
      await this.#assume({
        accountId: 'probe',
        prefix: 'olares-space-probe',
        purpose: 'read',
        ttlSeconds,
      });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.code === 'unreachable') return this.#options.onError(error);
      const hint = error.hint === undefined ? {} : { hint: error.hint };
      throw new AppError('config_invalid', error.message, { ...hint, field: 'storage', cause: error });
    }
  }

  issue(grant: CredentialGrant): Promise<TemporaryCredentials> {
    return this.#make(grant, this.#options.clock());
  }

  async refresh(
    ...[keys, ttlSeconds]: Parameters<Storage['refresh']>
  ): Promise<TemporaryCredentials | undefined> {
    const claims = this.#ledger.identify(keys);
    if (claims === undefined) return undefined;
    const { accountId, prefix, purpose, issuedAtMs } = claims;
    if (this.#options.clock() > issuedAtMs + MAX_RENEWAL_MS[purpose]) return undefined;
    return this.#make({ accountId, prefix, purpose, ttlSeconds }, issuedAtMs);
  }

  identify(...[keys]: Parameters<Storage['identify']>): ReturnType<Storage['identify']> {
    return this.#ledger.identify(keys);
  }

  accountUsage(accountId: string): ReturnType<Storage['accountUsage']> {
    return this.#usage.of(this.#options.prefixesOf(accountId));
  }

  isS3Request(): boolean {
    return false;
  }

  handle(...[, response]: Parameters<Storage['handle']>): void {
    response.writeHead(404).end();
  }

  async close(): Promise<void> {
    const counted = this.#usage.close();
    this.#client.close();
    await counted;
    this.#ledger.close();
  }

  async #make(grant: CredentialGrant, firstIssuedAtMs: number): Promise<TemporaryCredentials> {
    const credentials = await this.#assume({ ...grant, prefix: normalizePrefix(grant.prefix) }).catch(
      (cause: unknown) => {
        // What is wrong between this Space and its cluster is not the machines' to know, and may be over soon.
        if (!(cause instanceof AppError)) throw cause;
        this.#options.onError(cause);
        throw new AppError('unreachable', 'the storage of this Space gives no keys at the moment', { cause });
      },
    );
    this.#ledger.remember(credentials, firstIssuedAtMs);
    return credentials;
  }

  async #assume({ accountId, prefix, purpose, ttlSeconds }: CredentialGrant): Promise<TemporaryCredentials> {
    const { settings } = this.#options;
    const seconds = Math.max(lifeSeconds(ttlSeconds, settings.sessionSeconds), SESSION_SECONDS.least);
    const isFull = purpose !== 'read' && (await this.#isFull(accountId));
    const partition = /^arn:([^:]+):/.exec(settings.roleArn ?? '')?.[1] ?? 'aws';
    const policy = sessionPolicy({ bucket: settings.bucket, prefix, purpose, isFull, partition });
    const sessionName = `olares-${accountId}`;
    const session = await this.#client.assumeRole({ policy, sessionName, seconds: Math.ceil(seconds) });
    return { ...session, accountId, prefix, purpose };
  }

  async #isFull(accountId: string): Promise<boolean> {
    const usage = await this.#usage.known(this.#options.prefixesOf(accountId), FIRST_COUNT_MS);
    return usage.bytes >= this.#options.quotaBytes(accountId);
  }
}
