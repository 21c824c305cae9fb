import type { Session } from '../session.ts';
import { requireGrant, takeGrant, type Granted } from '../keycheck/grant.ts';
import { readStagingRecord } from './staging-record.ts';

/**
 * A person has typed the password for exactly this restore: just now, or for a run of it that was interrupted and may
 * still go on.
 * @throws AppError `refused` otherwise
 */
export function requirePermit(session: Session, what: Granted): void {
  if (goingOnUntil(session, what) === undefined) requireGrant(session, what);
}

/**
 * @returns until when the restore may go on, should it be interrupted
 * @throws AppError `refused` as `requirePermit` does
 */
export function takePermit(session: Session, what: Granted): number {
  try {
    return takeGrant(session, what).expiresAt;
  } catch (error) {
    const until = goingOnUntil(session, what);
    if (until === undefined) throw error;
    return until;
  }
}

function goingOnUntil(session: Session, { requestId, snapshotId, target }: Granted): number | undefined {
  const record = readStagingRecord(session, requestId);
  const isSame = record?.snapshotId === snapshotId && record.target === target;
  const until = record?.permittedUntil ?? 0;
  return isSame && until > session.clock() ? until : undefined;
}
