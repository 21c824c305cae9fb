import { AppError, type Account } from '../../contract/index.ts';
import type { Identity } from './identity.ts';
import { isLoopback } from './sts-answer.ts';

export interface LoginInput {
  readonly spaceUrl: string;
  readonly code?: string;
  readonly did?: string;
  readonly token?: string;
  readonly clusterId?: string;
}

export function accountOf(identity: Identity): Account {
  return {
    spaceUrl: identity.spaceUrl,
    userid: identity.userid,
    ...(identity.olaresName === undefined ? {} : { olaresName: identity.olaresName }),
    ...(identity.device === undefined ? {} : { deviceId: identity.device.id }),
    paired: identity.device !== undefined,
    state: identity.refused ? 'sign-in-again' : 'signed-in',
  };
}

export function tokenIdentity(spaceUrl: string, input: LoginInput): Identity {
  if (!input.did || !input.token) {
    throw new AppError('invalid_input', 'a sign-in needs a pairing code, or a DID and its token', {
      field: 'code',
      hint: 'olares-backup login --space URL --code CODE',
    });
  }
  return {
    spaceUrl,
    userid: input.did,
    token: input.token,
    tokenExpiresAt: 0,
    clusterId: input.clusterId ?? '',
  };
}

export function checkedSpaceUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const wrong = (why: string) =>
    new AppError('invalid_input', `the Space address "${text}" ${why}`, {
      field: 'spaceUrl',
      hint: 'e.g. --space https://space.example.com',
    });
  if (!url || !['http:', 'https:'].includes(url.protocol)) throw wrong('is not a web address');
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    throw wrong('is not encrypted; http works on this machine only');
  if (url.username || url.password || url.search || url.hash)
    throw wrong('must not hold a user, a query or a fragment');
  return url.origin + url.pathname.replace(/\/+$/, '');
}

/** A sign-in is one try: nothing goes on by itself, and a refused token is not one that was good before. */
export function loginError(error: unknown): unknown {
  if (!(error instanceof AppError)) return error;
  if (error.code === 'unreachable') {
    return new AppError('unreachable', error.message, {
      hint: 'check the network and the address after --space, then give the command again',
      retry: error.retry,
      cause: error,
    });
  }
  if (error.code !== 'not_signed_in') return error;
  return new AppError('not_signed_in', 'Olares Space does not accept this sign-in: the DID or its token', {
    field: 'token',
    hint: 'the token may have expired; get a new one, or pair with a code: --code CODE',
    cause: error,
  });
}

export function pairingError(error: unknown): unknown {
  if (!(error instanceof AppError) || !['refused', 'not_signed_in'].includes(error.code)) return error;
  return new AppError('refused', 'Olares Space does not accept this pairing code', {
    field: 'code',
    hint: 'codes work once and for a few minutes; ask Space for a new one',
    cause: error,
  });
}
