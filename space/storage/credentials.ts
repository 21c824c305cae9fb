import { createHmac, timingSafeEqual } from 'node:crypto';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';

const PurposeSchema = Type.Union([
  Type.Literal('backup'),
  Type.Literal('keys'),
  Type.Literal('read'),
  Type.Literal('prune'),
]);

/** backup: read and add, delete only locks and indexes · keys: the same and delete keys · read: read only · prune: read, add and delete, for one job. */
export type CredentialPurpose = Static<typeof PurposeSchema>;

/** What temporary credentials are asked for. `prefix` needs no slash at either end. */
export interface CredentialGrant {
  accountId: string;
  prefix: string;
  purpose: CredentialPurpose;
  ttlSeconds: number;
}

export interface CredentialKeys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
}

export interface TemporaryCredentials extends CredentialKeys {
  /** Unix time in ms, a whole second. */
  expiresAtMs: number;
  accountId: string;
  prefix: string;
  purpose: CredentialPurpose;
}

/** What a session token says, after its seal was checked. */
export interface CredentialClaims {
  accountId: string;
  prefix: string;
  purpose: CredentialPurpose;
  accessKeyId: string;
  /** When the first credentials of this chain of renewals were issued. */
  issuedAtMs: number;
  expiresAtMs: number;
}

const DAY_MS = 24 * 3_600_000;
/** Renewals end here: whoever still works after that asks again with the account's own token. */
export const MAX_RENEWAL_MS: Record<CredentialPurpose, number> = {
  backup: 30 * DAY_MS,
  read: 30 * DAY_MS,
  // The right to delete is for one job.
  keys: DAY_MS,
  prune: DAY_MS,
};
const MAX_TTL_SECONDS = 7 * 24 * 3_600;
const ACCESS_KEY_PREFIX = 'OLSP';
const MAX_TOKEN_LENGTH = 4_096;

const TokenSchema = Type.Object({
  v: Type.Literal(1),
  k: Type.String(),
  a: Type.String(),
  p: Type.String({ minLength: 1 }),
  u: PurposeSchema,
  i: Type.Integer(),
  e: Type.Integer(),
});

/**
 * Temporary credentials that nothing has to remember: the session token carries its rights under a seal, and
 * the secret key is derived from it. So they outlive a restart of Space in the middle of an upload, and
 * changing the one secret ends them all.
 */
export class CredentialIssuer {
  readonly #secret: Buffer;
  readonly #clock: () => number;
  readonly #random: (bytes: number) => Buffer;

  constructor(options: { secret: Buffer; clock: () => number; random: (bytes: number) => Buffer }) {
    this.#secret = options.secret;
    this.#clock = options.clock;
    this.#random = options.random;
  }

  issue(grant: CredentialGrant): TemporaryCredentials {
    return this.#make({ ...grant, prefix: normalizePrefix(grant.prefix) }, this.#clock());
  }

  /** Undefined for keys that are not ours, do not belong together, or are too old to be renewed. */
  refresh(keys: CredentialKeys, ttlSeconds: number): TemporaryCredentials | undefined {
    const claims = this.identify(keys);
    if (claims === undefined) return undefined;
    if (this.#clock() > claims.issuedAtMs + MAX_RENEWAL_MS[claims.purpose]) return undefined;
    const { accountId, prefix, purpose } = claims;
    return this.#make({ accountId, prefix, purpose, ttlSeconds }, claims.issuedAtMs);
  }

  /** Who holds these keys, expired or not; undefined unless all three belong together. */
  identify(keys: CredentialKeys): CredentialClaims | undefined {
    const claims = this.open(keys.sessionToken);
    if (claims === undefined || claims.accessKeyId !== keys.accessKeyId) return undefined;
    const right = this.secretFor(keys.accessKeyId, keys.sessionToken);
    return equalText(right, keys.secretAccessKey) ? claims : undefined;
  }

  /** The claims of a token with an intact seal, whatever its age. */
  open(sessionToken: string): CredentialClaims | undefined {
    if (sessionToken.length > MAX_TOKEN_LENGTH) return undefined;
    const [body, seal, ...rest] = sessionToken.split('.');
    if (body === undefined || seal === undefined || rest.length > 0) return undefined;
    if (!equalText(this.#mac('token', body), seal)) return undefined;
    const token: unknown = JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
    if (!Value.Check(TokenSchema, token)) return undefined;
    const { a, p, u, k, i, e } = token;
    return { accountId: a, prefix: p, purpose: u, accessKeyId: k, issuedAtMs: i, expiresAtMs: e };
  }

  secretFor(accessKeyId: string, sessionToken: string): string {
    return this.#mac('secret-key', `${accessKeyId}\n${sessionToken}`);
  }

  #make(grant: CredentialGrant, issuedAtMs: number): TemporaryCredentials {
    const { accountId, prefix, purpose, ttlSeconds } = grant;
    const ttlMs = lifeSeconds(ttlSeconds, MAX_TTL_SECONDS) * 1000;
    const expiresAtMs = Math.floor((this.#clock() + ttlMs) / 1000) * 1000;
    const accessKeyId = ACCESS_KEY_PREFIX + this.#random(8).toString('hex').toUpperCase();
    const token: Static<typeof TokenSchema> = {
      v: 1,
      k: accessKeyId,
      a: accountId,
      p: prefix,
      u: purpose,
      i: issuedAtMs,
      e: expiresAtMs,
    };
    const body = Buffer.from(JSON.stringify(token)).toString('base64url');
    const sessionToken = `${body}.${this.#mac('token', body)}`;
    const secretAccessKey = this.secretFor(accessKeyId, sessionToken);
    return { accessKeyId, secretAccessKey, sessionToken, expiresAtMs, accountId, prefix, purpose };
  }

  #mac(use: string, text: string): string {
    return createHmac('sha256', this.#secret).update(`${use}\n${text}`).digest('base64url');
  }
}

/** Compares in a time that does not depend on where the texts differ. */
export function equalText(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

/** @throws RangeError unless positive */
export function lifeSeconds(askedSeconds: number, mostSeconds: number): number {
  if (!Number.isFinite(askedSeconds) || askedSeconds <= 0)
    throw new RangeError(`ttlSeconds must be positive, got ${askedSeconds}`);
  return Math.min(askedSeconds, mostSeconds);
}

/** @throws RangeError for an empty one */
export function normalizePrefix(prefix: string): string {
  const bare = prefix.replace(/^\/+|\/+$/g, '');
  if (bare === '')
    throw new RangeError('a credential needs a prefix: an empty one would open the whole bucket');
  return bare;
}
