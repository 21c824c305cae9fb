import { AppError } from '../../contract/errors.ts';
import type { HelperRequestOf, HelperResultOf } from '../../contract/helper-messages.ts';
import { readCapsule } from '../capsule/read-capsule.ts';
import { passwordBytes } from '../password.ts';
import { withSecret } from '../secret-channel.ts';
import type { Session } from '../session.ts';
import { readConfig } from './repository.ts';
import { listSnapshots } from './snapshots.ts';
import { openTypedRepository } from './typed-repository.ts';

/**
 * What a repository holds, for somebody who has its password and nothing else. Nothing is written there.
 * @throws AppError `wrong_password`, `repository_missing`, `integrity` when it is not the one that a kit names
 */
export function look(request: HelperRequestOf<'look'>, session: Session): Promise<HelperResultOf<'look'>> {
  return withSecret(session, request.channelPath, async ({ password, recovery }) => {
    await using repository = await openTypedRepository(session, {
      verb: 'look',
      access: request.access,
      secret: passwordBytes(password ?? recovery),
      ...(request.keyIds && { keyIds: request.keyIds }),
    });
    const { id: repositoryId } = await readConfig((run) => repository.run(run));
    const { expectId } = request.access;
    if (expectId !== undefined && expectId !== repositoryId) throw anotherRepository(expectId, repositoryId);
    const snapshots = await listSnapshots(repository, { withSettings: true });
    if (repository.keyId === undefined) return { repositoryId, keys: [], snapshots };
    const { keys } = await readCapsule(repository.objects, repositoryId, {
      ids: [repository.keyId],
      roles: { machineId: '', userId: undefined },
    });
    return { repositoryId, keys, snapshots };
  });
}

const anotherRepository = (expected: string, found: string) =>
  new AppError('integrity', 'the repository there is not the one that the kit names', {
    hint: `expected ${expected.slice(0, 8)}, found ${found.slice(0, 8)}: check the address; nothing was changed`,
  });
