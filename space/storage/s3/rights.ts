import type { CredentialClaims } from '../credentials.ts';
import { S3Error } from './error.ts';

/** What an operation does to one key. */
export type KeyAccess = 'read' | 'write' | 'delete';

/** The folders and files in which a repository keeps its books; the rest of it is data. */
const BOOKS = /(?:^|\/)(?:(?:locks|index|snapshots|keys)\/[^/]+|config)$/;
const LOCKS = /(?:^|\/)locks\/[^/]+$/;
const REMOVABLE = {
  backup: /(?:^|\/)(?:locks|index)\/[^/]+$/,
  keys: /(?:^|\/)(?:locks|index|keys)\/[^/]+$/,
  prune: /./,
  read: /^$/,
} as const satisfies Record<CredentialClaims['purpose'], RegExp>;

/** @throws S3Error AccessDenied */
export function requireKey(claims: CredentialClaims, access: KeyAccess, key: string): void {
  if (!key.startsWith(`${claims.prefix}/`)) throw denied('this credential is for another prefix.');
  if (access === 'write' && claims.purpose === 'read') throw denied('this credential can only read.');
  if (access === 'delete' && !mayDelete(claims, key)) throw denied('this credential cannot delete.');
}

/**
 * The key prefix that a listing really covers.
 * A listing of the credential's own prefix without its slash must not show a neighbour whose name starts alike.
 * @throws S3Error AccessDenied
 */
export function requireListing(claims: CredentialClaims, prefix: string): string {
  if (prefix === claims.prefix) return `${prefix}/`;
  if (!prefix.startsWith(`${claims.prefix}/`)) throw denied('this credential cannot list that prefix.');
  return prefix;
}

/** Whether an existing object may be replaced by other content: by a backup only locks, which restic renews. */
export function mayReplace(claims: CredentialClaims, key: string): boolean {
  if (claims.purpose === 'read') return false;
  return claims.purpose === 'prune' || LOCKS.test(relative(claims, key));
}

/**
 * A backup may delete locks, and index files: `restic repair index`, which has to run after an interrupted
 * backup, ends with exit 1 when it cannot remove the old ones (measured with 0.19.1). Nothing is lost by that
 * right: an index can always be made anew from the packs, and packs, snapshots and keys stay. Only who changes keys
 * may delete one: a changed password must not open the repository any more.
 */
function mayDelete(claims: CredentialClaims, key: string): boolean {
  return REMOVABLE[claims.purpose].test(relative(claims, key));
}

/** Keys that may be written although the quota is reached, so that a repository can always be brought in order. */
export function isBookkeeping(claims: CredentialClaims, key: string): boolean {
  return BOOKS.test(relative(claims, key));
}

export function denied(reason: string): S3Error {
  return new S3Error('AccessDenied', `Access Denied: ${reason}`);
}

function relative(claims: CredentialClaims, key: string): string {
  return key.slice(claims.prefix.length + 1);
}
