import type { HelperRequestOf, HelperResultOf, RepositorySnapshot } from '../../contract/helper-messages.ts';
import { AppError } from '../../contract/errors.ts';
import type { Session } from '../session.ts';
import { openMachineRepository } from './machine-repository.ts';
import { snapshotList } from './messages.ts';

/** All snapshots of the repository, also of other machines. Takes no lock: it only lists. */
export async function snapshots(
  request: HelperRequestOf<'snapshots'>,
  session: Session,
): Promise<HelperResultOf<'snapshots'>> {
  await using repository = await openMachineRepository(session, request);
  let list: unknown;
  await repository.run({ args: ['snapshots', '--no-lock'], onMessage: (message) => (list = message) });
  if (list === undefined)
    throw new AppError('failed', 'restic ended without a list of snapshots', { retry: 'backoff' });
  return snapshotList.parse(list ?? [], "restic's list of snapshots").map(describe);
}

function describe(snapshot: ReturnType<typeof snapshotList.parse>[number]): RepositorySnapshot {
  const { summary } = snapshot;
  return {
    resticId: snapshot.id,
    takenAt: Math.max(0, Date.parse(snapshot.time)),
    host: snapshot.hostname ?? '',
    paths: snapshot.paths ?? [],
    tags: snapshot.tags ?? [],
    ...(summary?.total_files_processed === undefined ? {} : { filesTotal: summary.total_files_processed }),
    ...(summary?.total_bytes_processed === undefined ? {} : { bytesTotal: summary.total_bytes_processed }),
    ...(summary?.data_added_packed === undefined ? {} : { addedBytes: summary.data_added_packed }),
  };
}
