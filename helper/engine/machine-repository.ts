import type { HelperVerb, RepositoryAccess } from '../../contract/helper-messages.ts';
import { readMachineKey } from '../machine-key.ts';
import type { Session } from '../session.ts';
import { openRepository, type Repository } from './repository.ts';

/** The repository of a request, opened by the machine key and known to be the pinned one. */
export async function openMachineRepository(
  session: Session,
  { verb, access }: { verb: HelperVerb; access: RepositoryAccess },
): Promise<Repository> {
  const repository = await openRepository(session, {
    verb,
    access,
    password: readMachineKey(session),
    key: 'machine',
  });
  try {
    await repository.confirm();
    return repository;
  } catch (error) {
    await repository[Symbol.asyncDispose]();
    throw error;
  }
}
