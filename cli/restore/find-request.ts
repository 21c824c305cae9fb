import { AppError, type NewRestoreRequest, type RestoreRequest } from '../../contract/index.ts';
import { resolvePlan } from '../resolve-plan.ts';
import type { Session } from '../session.ts';

export interface FoundRequest {
  readonly request: RestoreRequest;
  /** Made for this command: nobody else waits for it. */
  readonly isOwn: boolean;
}

/** Codes are of letters and digits that cannot be mistaken for each other; they grow when many are in use. */
const CODE = /^[2-9A-HJ-NP-Z]{4,6}$/;
/** What somebody may make of a code. */
const LIKE_CODE = /^[0-9a-z]{4,6}$/i;
const SNAPSHOT = /^[0-9a-f-]{4,64}$/i;
/** A Backup URL of Olares is base64, long, and never as short or as hexadecimal as an id. */
const ENCODED_URL = /^[A-Za-z0-9+/_-]{40,}={0,2}$/;

/**
 * The restore request that is meant: one that waits, by its code, or a new one for a snapshot or Backup URL.
 * @throws AppError `invalid_input` for what can be none of these, `refused` for a code that nothing waits under,
 *   `not_found` as the daemon says
 */
export async function findRequest(
  session: Session,
  what: string,
  plan: string | undefined,
): Promise<FoundRequest> {
  if (what === 'latest') {
    return create(session, { snapshot: 'latest', plan: await resolvePlan(session, plan) });
  }
  if (isBackupUrl(what)) return create(session, { backupUrl: what.trim() });
  const isLikeCode = LIKE_CODE.test(what) && plan === undefined;
  if (isLikeCode) {
    const waiting = await session.api
      .call('getRequest', { params: { request: what.toUpperCase() } })
      .catch(notFound);
    if (waiting) return { request: waiting, isOwn: false };
  }
  if (SNAPSHOT.test(what)) {
    const made = await createFor(session, what, plan).catch(isLikeCode ? notFound : rethrow);
    if (made) return made;
  }
  throw isLikeCode ? unknownCode(what) : noneOfThese(what);
}

/** Mails and chats break long lines, so white space in it means nothing. */
export function isBackupUrl(text: string): boolean {
  const compact = text.replace(/\s+/g, '');
  if (/^(?:https?:\/\/|s3:|rest:|local:|\/)/.test(compact)) return true;
  return ENCODED_URL.test(compact) && !SNAPSHOT.test(compact);
}

const createFor = (session: Session, snapshot: string, plan: string | undefined) =>
  create(session, { snapshot: snapshot.toLowerCase(), ...(plan === undefined ? {} : { plan }) });

export async function create(session: Session, body: NewRestoreRequest): Promise<FoundRequest> {
  return { request: await session.api.call('createRequest', { body }), isOwn: true };
}

function unknownCode(what: string): AppError {
  const code = what.toUpperCase();
  const why = CODE.test(code)
    ? 'a code is valid for 24 hours, on the machine it was made for, and ends when it is used or declined'
    : `a code has no ${[...'01IO'].filter((each) => code.includes(each)).join(', no ') || 'such letters'}: look at it again`;
  const isAlsoId = SNAPSHOT.test(what) ? ', and no snapshot whose id begins with it' : '';
  return new AppError(
    'refused',
    `no restore waits under the code "${code}" on this machine${isAlsoId}; nothing was changed`,
    {
      field: 'what',
      hint: `${why}. \`olares-backup request list --all\` shows all of them, \`olares-backup restore\` leads to any snapshot`,
    },
  );
}

function noneOfThese(what: string): AppError {
  return new AppError(
    'invalid_input',
    `"${what}" is neither a code, a snapshot nor a Backup URL that is known here`,
    {
      field: 'what',
      hint: '`olares-backup request list` shows the codes, `olares-backup snapshot list` the snapshots',
    },
  );
}

function notFound(error: unknown): undefined {
  if (error instanceof AppError && error.code === 'not_found') return undefined;
  throw error;
}

function rethrow(error: unknown): never {
  throw error;
}
