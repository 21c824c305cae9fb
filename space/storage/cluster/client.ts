import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { AppError } from '../../../contract/errors.ts';
import { cleanText } from '../../../contract/text.ts';
import type { CredentialKeys } from '../credentials.ts';
import { readKeysFile } from './keys-file.ts';
import type { ClusterSettings } from './settings.ts';

export interface Session extends CredentialKeys {
  readonly expiresAtMs: number;
}

export interface ListPage {
  readonly bytes: number;
  readonly objects: number;
  /** Where the next page goes on; undefined at the end. */
  readonly next: string | undefined;
}

interface Sent {
  readonly service: 's3' | 'sts';
  readonly origin: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly form?: string;
}

const TIMEOUT_MS = 20_000;

/**
 * The two calls a Space makes to its cluster, signed with its long-lived keys. Asked by hand rather than through AWS's
 * client: two requests do not need it, and the signing library is here already.
 */
export class ClusterClient {
  readonly #settings: ClusterSettings;
  readonly #clock: () => number;
  readonly #ending = new AbortController();

  constructor(options: { settings: ClusterSettings; clock: () => number }) {
    this.#settings = options.settings;
    this.#clock = options.clock;
  }

  /**
   * Temporary keys with no more rights than the policy.
   * @throws AppError `unreachable` when the server cannot do it now, `refused` when it will not, `config_invalid` for the file of keys
   */
  async assumeRole(options: { policy: string; sessionName: string; seconds: number }): Promise<Session> {
    const { stsEndpoint, roleArn } = this.#settings;
    const form = new URLSearchParams({
      Action: 'AssumeRole',
      Version: '2011-06-15',
      DurationSeconds: String(options.seconds),
      Policy: options.policy,
      RoleSessionName: options.sessionName,
      ...(roleArn === undefined ? {} : { RoleArn: roleArn }),
    });
    const text = await this.#send({ service: 'sts', origin: stsEndpoint, path: '/', form: form.toString() });
    const expiresAtMs = Date.parse(element(text, 'Expiration') ?? '');
    const [accessKeyId, secretAccessKey, sessionToken] = [
      'AccessKeyId',
      'SecretAccessKey',
      'SessionToken',
    ].map((name) => element(text, name));
    if (!accessKeyId || !secretAccessKey || !sessionToken || !Number.isFinite(expiresAtMs))
      throw new AppError('unreachable', `${stsEndpoint} answered AssumeRole with something else than keys`);
    return { accessKeyId, secretAccessKey, sessionToken, expiresAtMs };
  }

  /**
   * One page of at most 1,000 objects, without uploads that were not finished.
   * @throws AppError as assumeRole
   */
  async list(prefix: string, options: { from?: string | undefined; limit?: number } = {}): Promise<ListPage> {
    const { cloud, bucket, endpoint } = this.#settings;
    const { protocol, host } = new URL(endpoint);
    // COS answers by the bucket's own name only; where the path does, it does everywhere.
    const isByName = cloud === 'tencentcloud';
    const text = await this.#send({
      service: 's3',
      origin: isByName ? `${protocol}//${bucket}.${host}` : endpoint,
      path: isByName ? '/' : `/${bucket}`,
      query: {
        'list-type': '2',
        // Keys are not read, but one that XML cannot hold must not spoil the answer.
        'encoding-type': 'url',
        'max-keys': String(options.limit ?? 1_000),
        prefix,
        ...(options.from === undefined ? {} : { 'continuation-token': options.from }),
      },
    });
    if (!text.includes('<ListBucketResult'))
      throw new AppError('unreachable', `${endpoint} answered a listing with something else`);
    const sizes = [...text.matchAll(/<Size>(\d+)<\/Size>/g)].map(([, size]) => Number(size));
    return {
      bytes: sizes.reduce((sum, size) => sum + size, 0),
      objects: sizes.length,
      next: element(text, 'IsTruncated') === 'true' ? element(text, 'NextContinuationToken') : undefined,
    };
  }

  /** Ends the calls under way. */
  close(): void {
    this.#ending.abort();
  }

  async #send({ service, origin, path, query = {}, form }: Sent): Promise<string> {
    const url = new URL(origin);
    const signer = new SignatureV4({
      service,
      region: this.#settings.region,
      credentials: await readKeysFile(this.#settings.credentialsFile),
      sha256: Sha256,
      uriEscapePath: service !== 's3',
    });
    const method = form === undefined ? 'GET' : 'POST';
    const contentType = form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
    const body = form === undefined ? {} : { body: form };
    const { host: _, ...headers } = (
      await signer.sign(
        {
          method,
          protocol: url.protocol,
          hostname: url.hostname,
          path,
          query,
          headers: { host: url.host, ...contentType },
          ...body,
        },
        { signingDate: new Date(this.#clock()) },
      )
    ).headers;
    const search = Object.entries(query).map((pair) => pair.map(encode).join('='));
    const address = `${origin}${path}${search.length === 0 ? '' : `?${search.join('&')}`}`;
    const limit = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await exchange(address, {
      method,
      headers,
      // Followed it would go elsewhere with our signature; as it is it says that the region is another.
      redirect: 'manual',
      signal: AbortSignal.any([this.#ending.signal, limit]),
      ...body,
    });
    // Held until here: below AbortSignal.any alone Node 20 may collect it as garbage, and then it never aborts.
    void limit;
    return answer;
  }
}

async function exchange(address: string, request: RequestInit): Promise<string> {
  const { host } = new URL(address);
  let response: Response;
  let text: string;
  try {
    response = await fetch(address, request);
    text = await response.text();
  } catch (cause) {
    const reason = (cause as Error).cause ?? cause;
    throw new AppError('unreachable', `${host} cannot be reached: ${(reason as Error).message}`, { cause });
  }
  if (response.ok) return text;
  const code = cleanText(element(text, 'Code') ?? 'no code', 60);
  const said = cleanText(element(text, 'Message') ?? 'without a word', 200);
  const isTheirs = response.status >= 500 || response.status === 429;
  throw new AppError(
    isTheirs ? 'unreachable' : 'refused',
    `${host} answered ${response.status} ${code}: ${said}`,
    {
      hint: 'check the keys, the role, the region and the name of the bucket',
    },
  );
}

/** The first element of this name that holds text only. */
function element(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]?.trim();
  return text
    ?.replace(/&(lt|gt|quot|apos|#39|#34|#x27|#x22);/g, (_, entity: string) => ENTITIES[entity] ?? '')
    .replaceAll('&amp;', '&');
}

const ENTITIES: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  '#39': "'",
  '#34': '"',
  '#x27': "'",
  '#x22': '"',
};

/** As a signature wants it: all but the unreserved characters. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
