import { AppError } from '../../contract/errors.ts';
import type { StoragePlace } from './address.ts';
import { strictly } from './sign.ts';

const KEY_ID = /^[0-9a-f]{64}$/;
/** S3's own limit of one page. A repository with more keys than that is no work of ours. */
const PAGE = '1000';

interface KeyList {
  readonly url: URL;
  readonly accept?: string;
  /** Names or paths of the listed files. */
  readonly parse: (body: string) => string[];
}

/** How a storage is asked for the names of its key files: ListObjectsV2 of S3, or restic's REST protocol (version 2). */
export function keyListUrl(place: Extract<StoragePlace, { kind: 's3' | 'rest' }>): KeyList {
  if (place.kind === 'rest') {
    return {
      url: new URL('keys/', place.base),
      accept: 'application/vnd.x.restic.rest.v2',
      parse: parseRestList,
    };
  }
  const query = { 'list-type': '2', 'max-keys': PAGE, prefix: `${place.bucket.prefix}keys/` };
  const url = new URL(place.bucket.url);
  // Not by searchParams: it would write a space as a plus, which is signed otherwise.
  url.search = Object.entries(query)
    .map(([name, value]) => `${name}=${strictly(value)}`)
    .join('&');
  return { url, parse: (body) => [...body.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key ?? '') };
}

/** @returns the names that can be ids of keys, each once */
export function keyIdsIn(names: readonly string[]): string[] {
  const ids = names.map((name) => name.slice(name.lastIndexOf('/') + 1)).filter((name) => KEY_ID.test(name));
  return [...new Set(ids)];
}

/** Version 2 names sizes too; version 1 is a list of names. */
function parseRestList(body: string): string[] {
  try {
    const list: unknown = JSON.parse(body);
    if (Array.isArray(list)) return list.map((entry: unknown) => nameOf(entry));
  } catch {
    // Said below: it is no list.
  }
  throw new AppError('unreachable', 'the storage gave an answer we do not understand', {
    hint: 'check the address of the location',
    retry: 'backoff',
  });
}

function nameOf(entry: unknown): string {
  if (typeof entry === 'string') return entry;
  const name: unknown = (entry as { name?: unknown } | null)?.name;
  return typeof name === 'string' ? name : '';
}
