import { AppError } from '../../contract/errors.ts';
import type { HelperRequestOf, HelperResultOf } from '../../contract/helper-messages.ts';
import type { Session } from '../session.ts';
import { openMachineRepository } from './machine-repository.ts';
import type { Repository } from './repository.ts';
import { liveRuns } from './run-file.ts';

/** Removes locks of restic processes that are dead; those of live ones and of other machines stay. */
export async function runUnlock(
  request: HelperRequestOf<'unlock'>,
  session: Session,
): Promise<HelperResultOf<'unlock'>> {
  await using repository = await openMachineRepository(session, request);
  await unlock(repository, session);
  return {};
}

/**
 * In another PID namespace with the same host name restic takes a live lock for a dead one, so we ask our own run files.
 * @throws AppError `repository_locked` while a restic of this agent lives
 */
export async function unlock(repository: Repository, session: Session): Promise<void> {
  const live = liveRuns(session).filter(({ pid }) => pid !== process.pid);
  if (live.length > 0) {
    throw new AppError('repository_locked', `another job of this agent is running (${live[0]?.verb})`, {
      retry: 'backoff',
      retryAfterMs: 60_000,
    });
  }
  await repository.run({ args: ['unlock'] });
}
