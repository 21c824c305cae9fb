import type { ArmSummary, HelperRequestOf } from '../../contract/helper-messages.ts';
import { AppError } from '../../contract/errors.ts';
import { readCapsule } from '../capsule/read-capsule.ts';
import { passwordBytes } from '../password.ts';
import { withSecret } from '../secret-channel.ts';
import type { Session } from '../session.ts';
import { assertOneOpens } from './arm.ts';
import { addKey, listKeys, removeKey } from './keys.ts';
import { openMachineRepository } from './machine-repository.ts';
import { readConfig, type Repository } from './repository.ts';

/**
 * Adds a key for the typed secret, reads it back, and only then removes the old ones. No data moves.
 * @throws AppError `refused` when the machine key is among those to remove
 */
export function keyReplace(request: HelperRequestOf<'key-replace'>, session: Session): Promise<ArmSummary> {
  const { role, removeIds } = request;
  return withSecret(session, request.channelPath, async (message) => {
    const secret =
      role === 'user' ? passwordBytes(message.password) : passwordBytes(message.recovery, 'recovery words');
    await using repository = await openMachineRepository(session, request);
    const before = await listKeys(repository);
    const machineId = before.find(({ current }) => current)?.id ?? '';
    if (removeIds.includes(machineId))
      throw new AppError('refused', 'the machine key cannot be removed by itself');
    await addKey(repository, { role, secret });
    const after = await listKeys(repository);
    const added = after.filter(({ id }) => !before.some((old) => old.id === id)).map(({ id }) => id);
    const kept = after.map(({ id }) => id).filter((id) => !removeIds.includes(id));
    const repositoryId = request.access.expectId ?? (await readConfig((run) => repository.run(run))).id;
    const roles = { machineId, userId: role === 'user' ? added[0] : undefined };
    const { capsule, keys } = await readCapsule(repository.objects, repositoryId, { ids: kept, roles });
    const config = Buffer.from(capsule.config, 'base64');
    const candidates = capsule.keys.filter(({ id }) => added.includes(id));
    await assertOneOpens({ session, config, candidates, role }, secret);
    const old = removeIds.filter((id) => after.some((key) => key.id === id));
    const left = await removeOld(repository, session, old);
    if (left.length === 0) return { repositoryId, keys, capsule };
    // The caller sees the old ids among the keys, and has to say that the old secret still opens the repository.
    return {
      repositoryId,
      ...(await readCapsule(repository.objects, repositoryId, { ids: [...kept, ...left], roles })),
    };
  });
}

/** Ids that stay because the storage lets nothing be deleted with these rights. */
async function removeOld(
  repository: Repository,
  session: Session,
  ids: readonly string[],
): Promise<string[]> {
  const left: string[] = [];
  for (const id of ids) {
    try {
      await removeKey(repository, id);
    } catch (error) {
      // The new key is in place: without an answer nobody would learn how to check the new secret.
      if (!(error instanceof AppError) || error.code !== 'refused') throw error;
      session.output.log('warn', `the old key ${id.slice(0, 8)} could not be removed: ${error.message}`);
      left.push(id);
    }
  }
  return left;
}
