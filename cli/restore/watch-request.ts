import { setTimeout as delay } from 'node:timers/promises';
import {
  AppError,
  cleanText,
  fromErrorBody,
  REQUEST_END_STATES,
  type Job,
  type RestoreRequest,
} from '../../contract/index.ts';
import type { Session } from '../session.ts';
import { watchJob } from '../watch-job.ts';

/** The verdict on a password comes a moment before the daemon has queued the job. */
const QUEUE_MS = 30_000;
const QUEUE_PAUSE_MS = 50;

/** Follows a restore from the accepted password to its end. */
export async function watchRestore(session: Session, request: RestoreRequest): Promise<Job> {
  const wish = session.ephemeral ? 'stop' : 'cancel';
  const job = await watchJob(session, await jobOf(session, request), wish);
  if (job.state === 'cancelled') throw await cancelled(session, request);
  return job;
}

/** Says what became of the target. */
async function cancelled({ api }: Session, { id }: RestoreRequest): Promise<AppError> {
  const { choice: { target, inPlace, conflict } = {} } = await api.call('getRequest', {
    params: { request: id },
  });
  const mayHaveBeen = inPlace === true || conflict !== undefined;
  const state = mayHaveBeen ? 'is as it was' : 'was not made';
  return new AppError(
    'cancelled',
    `the restore was cancelled; ${target === undefined ? 'your files are as they were' : `${cleanText(target, 4096)} ${state}`}, ` +
      'and what was fetched is removed',
    { hint: 'begin it anew with `olares-backup restore`' },
  );
}

/** @throws AppError why it did not begin */
export async function jobOf(session: Session, request: RestoreRequest): Promise<string> {
  const giveUpAt = session.runtime.now() + QUEUE_MS;
  for (;;) {
    const current = await session.api.call('getRequest', { params: { request: request.id } });
    if (current.jobId !== undefined) return current.jobId;
    if (REQUEST_END_STATES.has(current.state)) throw endedEarly(current);
    if (session.runtime.now() > giveUpAt) {
      throw new AppError('failed', 'the password was right, but the restore did not begin', {
        hint: `olares-backup request show ${request.code}`,
      });
    }
    await delay(QUEUE_PAUSE_MS);
  }
}

/** Why a request that ended cannot be restored. */
export function endedEarly(request: RestoreRequest): AppError {
  if (request.error) return fromErrorBody(request.error);
  const why = request.reason === undefined ? '' : `: ${request.reason}`;
  return new AppError(
    'refused',
    `the restore ${request.code} is ${request.state}${why}; nothing was changed`,
    {
      hint: HINTS[request.state] ?? 'ask for it again, or choose a snapshot with `olares-backup restore`',
    },
  );
}

const HINTS: Partial<Record<RestoreRequest['state'], string>> = {
  done: '`olares-backup request show CODE` says where it went; start a new one with `olares-backup restore`',
  expired: 'ask for a new one on Space, or choose a snapshot with `olares-backup restore`',
};
