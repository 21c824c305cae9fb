import type { IncomingMessage } from 'node:http';
import { AppError } from '../../contract/index.ts';

/**
 * The page's listener trusts nothing but itself: the exact host, and writes only from its own pages. Browsers send
 * cookies with requests that other sites cause, and DNS can point any name at this address.
 */
export interface BrowserGuard {
  /** @throws AppError `refused` */
  check(request: IncomingMessage): void;
}

export function createBrowserGuard(hosts: ReadonlySet<string>): BrowserGuard {
  return {
    check(request) {
      if (countHeader(request, 'host') !== 1 || !hosts.has(request.headers.host ?? '')) {
        throw refuse('this address is not the one the page is served at');
      }
      if (!request.url?.startsWith('/')) throw refuse('the request does not name a path');
      if (request.method === 'GET' || request.method === 'HEAD') checkFetch(request);
      else checkWrite(request, hosts);
    },
  };
}

function checkWrite(request: IncomingMessage, hosts: ReadonlySet<string>): void {
  if (!isSameOrigin(request, hosts)) throw refuse('the request does not come from the page itself');
  const type = request.headers['content-type']?.split(';')[0]?.trim();
  if (hasBody(request) && type !== 'application/json') throw refuse('only application/json is read');
}

const hasBody = (request: IncomingMessage): boolean =>
  request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;

/** Sec-Fetch-Site where the browser sends it, else Origin; with neither it is no browser page of ours. */
function isSameOrigin(request: IncomingMessage, hosts: ReadonlySet<string>): boolean {
  const origin = request.headers.origin;
  if (
    origin !== undefined &&
    !(origin === `http://${request.headers.host}` && hosts.has(request.headers.host ?? ''))
  )
    return false;
  const site = request.headers['sec-fetch-site'];
  return site === undefined ? origin !== undefined : site === 'same-origin';
}

function checkFetch(request: IncomingMessage): void {
  const site = request.headers['sec-fetch-site'];
  const isPageLoad = request.headers['sec-fetch-mode'] === 'navigate';
  if (site === undefined || isPageLoad || site === 'same-origin' || site === 'none') return;
  throw refuse('the request comes from another site');
}

/** The unix sockets are for programs: a request that carries a browser's marks is none of theirs. */
export function checkNoBrowser(request: IncomingMessage): void {
  const { origin, referer } = request.headers;
  if (origin !== undefined || referer !== undefined || request.headers['sec-fetch-site'] !== undefined) {
    throw refuse('browsers are not served here');
  }
}

function countHeader(request: IncomingMessage, name: string): number {
  return request.rawHeaders.filter((header, index) => index % 2 === 0 && header.toLowerCase() === name)
    .length;
}

function refuse(why: string): AppError {
  return new AppError('refused', `refused: ${why}`, { hint: 'open the page with `olares-backup open`' });
}

/** On every answer of the page's listener. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};
