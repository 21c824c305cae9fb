import { SETTINGS_TAG } from '../../contract/model/settings.ts';
import type { HelperRequestOf, HelperResultOf, RepositorySnapshot } from '../../contract/helper-messages.ts';
import { AppError } from '../../contract/errors.ts';
import type { Session } from '../session.ts';
import { openMachineRepository } from './machine-repository.ts';
import { snapshotList } from './messages.ts';
import type { Repository } from './repository.ts';

/** All snapshots of the repository, also of other machines. Takes no lock: it only lists. */
export async function snapshots(
  request: HelperRequestOf<'snapshots'>,
  session: Session,
): Promise<HelperResultOf<'snapshots'>> {
  await using repository = await openMachineRepository(session, request);
  return await listSnapshots(repository);
}

/** @param withSettings also the plan's settings that the agent writes into each snapshot; they are long */
export async function listSnapshots(
  repository: Pick<Repository, 'run'>,
  { withSettings = false } = {},
): Promise<RepositorySnapshot[]> {
  let list: unknown;
  await repository.run({ args: ['snapshots', '--no-lock'], onMessage: (message) => (list = message) });
  if (list === undefined)
    throw new AppError('failed', 'restic ended without a list of snapshots', { retry: 'backoff' });
  const found = snapshotList.parse(list ?? [], "restic's list of snapshots");
  return found.map((snapshot) => describe(snapshot, withSettings));
}

function describe(
  snapshot: ReturnType<typeof snapshotList.parse>[number],
  withSettings: boolean,
): RepositorySnapshot {
  const { tags = [] } = snapshot;
  return {
    resticId: snapshot.id,
    takenAt: Math.max(0, Date.parse(snapshot.time)),
    host: snapshot.hostname ?? '',
    paths: snapshot.paths ?? [],
    tags: withSettings ? tags : tags.filter((tag) => !tag.startsWith(SETTINGS_TAG)),
    ...countsOf(snapshot.summary),
  };
}

type Summary = ReturnType<typeof snapshotList.parse>[number]['summary'];

function countsOf(summary: Summary): Pick<RepositorySnapshot, 'filesTotal' | 'bytesTotal' | 'addedBytes'> {
  return {
    ...(summary?.total_files_processed === undefined ? {} : { filesTotal: summary.total_files_processed }),
    ...(summary?.total_bytes_processed === undefined ? {} : { bytesTotal: summary.total_bytes_processed }),
    ...(summary?.data_added_packed === undefined ? {} : { addedBytes: summary.data_added_packed }),
  };
}
