import { readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as Type from 'typebox';
import type { Static } from 'typebox';
import { AppError } from '../../contract/errors.ts';
import { closed, EpochMs, parser, ResticId, Uuid } from '../../contract/schema.ts';
import type { Session } from '../session.ts';
import { createPrivateFileSync, readPrivateFile } from '../state-files.ts';

const Grant = closed({
  requestId: Uuid,
  snapshotId: ResticId,
  target: Type.String(),
  expiresAt: EpochMs,
  keyId: ResticId,
});
/** A person has typed the password for exactly this restore. */
export type Grant = Static<typeof Grant>;
const grantParser = parser(Grant);

/** Replaces an older grant of the same request: the person typed the password again, perhaps for another target. */
export function writeGrant(session: Session, grant: Grant): void {
  const path = grantPath(session, grant.requestId);
  rmSync(path, { force: true });
  createPrivateFileSync(path, JSON.stringify(grant));
}

export type Granted = Pick<Grant, 'requestId' | 'snapshotId' | 'target'>;

/**
 * Takes the grant of a restore. It is gone before it is used, so that it can be used once only.
 * @throws AppError `refused` when there is none for this request, snapshot and target, or it is too old
 */
export function takeGrant(session: Session, what: Granted): Grant {
  return assertFor(session, what, readGrant(grantPath(session, what.requestId), true));
}

/**
 * Looks whether there is one to take, and leaves it.
 * @throws AppError as `takeGrant` does
 */
export function requireGrant(session: Session, what: Granted): void {
  assertFor(session, what, readGrant(grantPath(session, what.requestId), false));
}

function assertFor(
  session: Session,
  { requestId, snapshotId, target }: Granted,
  grant: Grant | undefined,
): Grant {
  if (!grant) throw noGrant('the password was not typed for this restore');
  if (grant.expiresAt <= session.clock()) throw noGrant('the password was typed too long ago');
  const isForThis =
    grant.requestId === requestId &&
    grant.snapshotId === snapshotId &&
    resolve(grant.target) === resolve(target);
  if (!isForThis) throw noGrant('the password was typed for another snapshot or target');
  return grant;
}

/** Removes the grants whose restore was never begun in time. One that cannot be read is left for a person to see. */
export function sweepGrants(session: Session): void {
  const directory = join(session.stateDir, 'grants');
  for (const path of namesIn(directory).map((name) => join(directory, name))) {
    try {
      const grant: unknown = JSON.parse(readPrivateFile(path).toString('utf8'));
      if (grantParser.check(grant) && grant.expiresAt <= session.clock()) rmSync(path, { force: true });
    } catch {
      // Taken or written at this moment, or not ours: it serves nobody without the checks of `takeGrant`.
    }
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    // No password was ever right on this machine.
    return [];
  }
}

function readGrant(path: string, isTaken: boolean): Grant | undefined {
  try {
    const grant: unknown = JSON.parse(readPrivateFile(path).toString('utf8'));
    // Without `force`: of two that read it at the same time only one can remove it, the other one throws.
    if (isTaken) rmSync(path);
    return grantParser.check(grant) ? grant : undefined;
  } catch (error) {
    if (error instanceof AppError) throw error;
    // Not there, no longer there, or not readable: no grant.
    return undefined;
  }
}

const noGrant = (message: string) =>
  new AppError('refused', message, {
    hint: 'type it again with `olares-backup restore`',
    retry: 'after_action',
  });

const grantPath = ({ stateDir }: Session, requestId: string) => join(stateDir, 'grants', `${requestId}.json`);
