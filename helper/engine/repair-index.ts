import type { HelperRequestOf, HelperResultOf } from '../../contract/helper-messages.ts';
import type { Session } from '../session.ts';
import { openMachineRepository } from './machine-repository.ts';
import type { Repository } from './repository.ts';

export async function runRepairIndex(
  request: HelperRequestOf<'repair-index'>,
  session: Session,
): Promise<HelperResultOf<'repair-index'>> {
  await using repository = await openMachineRepository(session, request);
  await repairIndex(repository);
  return {};
}

/** Without it everything an interrupted run uploaded since the last saved index, up to 10 minutes, is sent again. */
export async function repairIndex(repository: Repository): Promise<void> {
  await repository.run({ args: ['repair', 'index', '--retry-lock=30s'] });
}
