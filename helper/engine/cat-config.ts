import type { HelperRequestOf, HelperResultOf } from '../../contract/helper-messages.ts';
import type { Session } from '../session.ts';
import { openMachineRepository } from './machine-repository.ts';
import { readConfig } from './repository.ts';

export async function catConfig(
  request: HelperRequestOf<'cat-config'>,
  session: Session,
): Promise<HelperResultOf<'cat-config'>> {
  await using repository = await openMachineRepository(session, request);
  const { id, version } = await readConfig((run) => repository.run(run));
  return { repositoryId: id, version };
}
