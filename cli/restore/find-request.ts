import { AppError, type RestoreRequest } from '../../contract/index.ts';
import { resolvePlan } from '../resolve-plan.ts';
import type { Session } from '../session.ts';

export interface FoundRequest {
  readonly request: RestoreRequest;
  /** Made for this command: nobody else waits for it. */
  readonly isOwn: boolean;
}

const CODE = /^[0-9a-z]{4}$/i;
const SNAPSHOT = /^[0-9a-f-]{4,64}$/i;
/** A Backup URL of Olares is base64, long, and never as short or as hexadecimal as an id. */
const ENCODED_URL = /^[A-Za-z0-9+/_-]{40,}={0,2}$/;

/**
 * The restore request that is meant: one that waits, by its code, or a new one for a snapshot or Backup URL.
 * @throws AppError `invalid_input` for what can be none of these, `not_found` as the daemon says
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
  if (CODE.test(what) && plan === undefined) {
    const waiting = await session.api
      .call('getRequest', { params: { request: what.toUpperCase() } })
      .catch(notFound);
    if (waiting) return { request: waiting, isOwn: false };
  }
  if (!SNAPSHOT.test(what)) {
    throw new AppError(
      'invalid_input',
      `"${what}" is neither a code, a snapshot nor a Backup URL that is known here`,
      {
        field: 'what',
        hint: '`olares-backup request list` shows the codes, `olares-backup snapshot list` the snapshots',
      },
    );
  }
  return create(session, { snapshot: what.toLowerCase(), ...(plan === undefined ? {} : { plan }) });
}

/** Mails and chats break long lines, so white space in it means nothing. */
export function isBackupUrl(text: string): boolean {
  const compact = text.replace(/\s+/g, '');
  if (/^(?:https?:\/\/|s3:|\/)/.test(compact)) return true;
  return ENCODED_URL.test(compact) && !SNAPSHOT.test(compact);
}

async function create(
  session: Session,
  body: { snapshot?: string; plan?: string; backupUrl?: string },
): Promise<FoundRequest> {
  return { request: await session.api.call('createRequest', { body }), isOwn: true };
}

function notFound(error: unknown): undefined {
  if (error instanceof AppError && error.code === 'not_found') return undefined;
  throw error;
}
