import { useEffect, useState } from 'preact/hooks';

/** What the address says is shown. The part after `#` never reaches the daemon. */
export type Route =
  | { readonly page: 'home' }
  | { readonly page: 'snapshots'; readonly plan: string | undefined }
  | { readonly page: 'snapshot'; readonly id: string; readonly path: string | undefined }
  | { readonly page: 'jobs' }
  | { readonly page: 'job'; readonly id: string }
  | { readonly page: 'unknown' };

const CODE = /^#code=([^&]+)/;

/** The single-use code that `olares-backup open` put into the address. */
export function codeOf(hash: string): string | undefined {
  const code = CODE.exec(hash)?.[1];
  return code === undefined ? undefined : decoded(code);
}

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [page = '', id = '', ...rest] = path.split('/').map(decoded);
  const read = rest.length > 0 ? undefined : READERS.get(id === '' ? page : `${page}/`);
  return read?.(new URLSearchParams(query), id) ?? { page: 'unknown' };
}

type Reader = (query: URLSearchParams, id: string) => Route;

/** A name with `/` is the page of one thing. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['', () => ({ page: 'home' })],
  ['snapshots', (query) => ({ page: 'snapshots', plan: query.get('plan') ?? undefined })],
  ['snapshots/', (query, id) => ({ page: 'snapshot', id, path: query.get('path') ?? undefined })],
  ['jobs', () => ({ page: 'jobs' })],
  ['jobs/', (_query, id) => ({ page: 'job', id })],
]);

export const snapshotsHref = (plan?: string): string =>
  plan === undefined ? '#/snapshots' : `#/snapshots?plan=${encodeURIComponent(plan)}`;

export const snapshotHref = (id: string, path?: string): string =>
  `#/snapshots/${encodeURIComponent(id)}${path === undefined ? '' : `?path=${encodeURIComponent(path)}`}`;

export const jobHref = (id: string): string => `#/jobs/${encodeURIComponent(id)}`;

export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const look = () => setHash(location.hash);
    addEventListener('hashchange', look);
    return () => removeEventListener('hashchange', look);
  }, []);
  return parseRoute(hash);
}

/** A broken escape stays as it was typed. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
