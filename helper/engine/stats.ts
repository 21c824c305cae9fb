import type { HelperRequestOf, HelperResultOf } from '../../contract/helper-messages.ts';
import { AppError } from '../../contract/errors.ts';
import type { Session } from '../session.ts';
import { openMachineRepository } from './machine-repository.ts';
import { statsMessage } from './messages.ts';

/** Bytes as stored that the snapshots of a repository use. Packs of broken runs are not counted. */
export async function stats(
  request: HelperRequestOf<'stats'>,
  session: Session,
): Promise<HelperResultOf<'stats'>> {
  await using repository = await openMachineRepository(session, request);
  let found: unknown;
  await repository.run({
    args: ['stats', '--no-lock', '--mode=raw-data'],
    onMessage: (message) => {
      if (statsMessage.check(message)) found = message;
    },
  });
  if (found === undefined) throw new AppError('failed', 'restic ended without figures', { retry: 'backoff' });
  const { total_size: storedBytes, snapshots_count: count } = statsMessage.parse(found, "restic's figures");
  return { storedBytes, snapshots: count };
}
