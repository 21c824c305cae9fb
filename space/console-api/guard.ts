import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../contract/errors.ts';
import { CONSOLE_HEADER } from '../../contract/space/console.ts';

export interface GuardOptions {
  /** Exact `Host` values under which the console may be asked for. */
  readonly hosts: () => readonly string[];
  readonly cookieName: () => string;
  readonly isSession: (secret: string) => boolean;
}

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

export function addSecurityHeaders(reply: FastifyReply): void {
  reply.headers(HEADERS);
}

/**
 * A name that a foreign page made point at this address must find nothing here.
 * @throws AppError `refused`
 */
export function checkHost(request: FastifyRequest, hosts: readonly string[]): void {
  const values = request.raw.rawHeaders.filter(
    (_, index, all) => index % 2 === 1 && all[index - 1]?.toLowerCase() === 'host',
  );
  const [host] = values;
  const isAbsolute = !(request.raw.url ?? '').startsWith('/');
  if (values.length === 1 && host !== undefined && hosts.includes(host) && !isAbsolute) return;
  throw new AppError('refused', 'this name is not one of this Space', {
    hint: 'open the address that olares-space printed, or name yours with --public-url or --allow-host',
  });
}

/**
 * Only our own page may change anything: same origin by the browser's word, a header no form can send, JSON only.
 * @throws AppError `refused`
 */
export function checkWrite(request: FastifyRequest): void {
  const { headers } = request;
  const site = headers['sec-fetch-site'];
  const ownOrigins = [`http://${headers.host ?? ''}`, `https://${headers.host ?? ''}`];
  const isOwnOrigin = headers.origin !== undefined && ownOrigins.includes(headers.origin);
  const isForeign = headers.origin !== undefined && !isOwnOrigin;
  const isSame = site === undefined ? isOwnOrigin : site === 'same-origin';
  if (!isSame || isForeign) throw new AppError('refused', 'only the console itself may ask for this');
  if (headers[CONSOLE_HEADER] !== '1')
    throw new AppError('refused', `the header ${CONSOLE_HEADER} is missing`);
  if (headers['content-type'] !== 'application/json') {
    throw new AppError('refused', 'the body must be application/json');
  }
}

/** @throws AppError `not_signed_in` */
export function checkSession(request: FastifyRequest, { cookieName, isSession }: GuardOptions): void {
  const secret = readCookie(request, cookieName());
  if (secret !== undefined && isSession(secret)) return;
  throw new AppError('not_signed_in', 'sign in with a link first', {
    hint: 'run `olares-space console-link` on the server',
  });
}

export function readCookie(request: FastifyRequest, name: string): string | undefined {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const cut = pair.indexOf('=');
    if (cut > 0 && pair.slice(0, cut).trim() === name) return pair.slice(cut + 1).trim();
  }
  return undefined;
}
