import type { HelperRequestOf, HelperResultOf } from '../../contract/helper-messages.ts';
import { AppError } from '../../contract/errors.ts';
import { KEY_HOST } from '../capsule/key-file.ts';
import type { Session } from '../session.ts';
import { openMachineRepository } from './machine-repository.ts';
import { keyList } from './messages.ts';
import type { Repository, RepositoryRun } from './repository.ts';

export interface ListedKey {
  readonly id: string;
  readonly createdAt: number;
  /** The one the password of this run opened. */
  readonly current: boolean;
}

/** @param by another password than the repository's own, and the key it opens */
export async function listKeys(
  repository: Repository,
  by: Pick<RepositoryRun, 'password' | 'keyHint'> = {},
): Promise<ListedKey[]> {
  let list: unknown;
  await repository.run({
    args: ['key', 'list', '--no-lock'],
    onMessage: (message) => (list = message),
    ...by,
  });
  return keyList.parse(list, "restic's list of keys").map(({ id, current, created }) => ({
    id,
    current,
    // restic prints it in local time without a zone, to the second.
    createdAt: Math.max(0, Date.parse(created.replace(' ', 'T')) || 0),
  }));
}

/** @param role written into the key file, where anyone with the storage can read it */
export async function addKey(
  repository: Repository,
  { role, secret, password }: { role: 'machine' | 'user' | 'recovery'; secret: Buffer; password?: Buffer },
): Promise<void> {
  await repository.run({
    args: ['key', 'add', `--host=${KEY_HOST}`, `--user=${role}`, '--retry-lock=30s'],
    files: { '--new-password-file': secret },
    ...(password === undefined ? {} : { password }),
  });
}

export async function removeKey(repository: Repository, keyId: string): Promise<void> {
  await repository.run({ args: ['key', 'remove', '--retry-lock=30s', '--', keyId] });
}

export async function keyListing(
  request: HelperRequestOf<'key-list'>,
  session: Session,
): Promise<HelperResultOf<'key-list'>> {
  await using repository = await openMachineRepository(session, request);
  return await listKeys(repository);
}

/** @throws AppError `refused` for the machine key itself */
export async function keyRemove(
  request: HelperRequestOf<'key-remove'>,
  session: Session,
): Promise<HelperResultOf<'key-remove'>> {
  await using repository = await openMachineRepository(session, request);
  const keys = await listKeys(repository);
  const key = keys.find(({ id }) => id === request.keyId);
  if (!key) throw new AppError('not_found', `the repository has no key ${request.keyId.slice(0, 8)}`);
  if (key.current || keys.length === 1) {
    throw new AppError('refused', 'the machine key of this machine cannot remove itself', {
      hint: 'remove the plan instead',
    });
  }
  await removeKey(repository, request.keyId);
  return {};
}
