import { AppError } from '../../contract/errors.ts';
import { readKeyFile } from '../capsule/key-file.ts';
import type { Session } from '../session.ts';
import { listKeys, removeKey } from './keys.ts';
import { isLight, lightKeyFile } from './light-key.ts';
import { hinted, readObject, type Repository } from './repository.ts';

/**
 * Adds the light key of the machine's secret to a repository, and proves that restic opens it.
 * @returns its id; undefined where only restic can write
 * @throws AppError `integrity` when what was written cannot be read back
 */
export async function addLightKey(
  session: Session,
  repository: Repository,
  secret: Buffer,
): Promise<string | undefined> {
  if (!repository.objects.canWrite) return undefined;
  const masterKey = await readObject(repository.run, 'masterkey');
  const { id, content } = await lightKeyFile(masterKey, { secret, createdAt: session.clock() });
  await repository.objects.write(`keys/${id}`, content);
  const opened = await listKeys(repository, { password: secret, keyHint: id });
  if (opened.some((key) => key.current && key.id === id)) return id;
  throw new AppError('integrity', 'the machine key that was just written cannot be read back', {
    hint: 'the plan was not armed; try again, and check the storage if it happens again',
  });
}

/**
 * Takes a light key instead of the one that `init` made for the machine's secret.
 * @param repository opened by that secret
 * @returns the same repository, opened by the light key where there is one
 */
export async function lightened(
  session: Session,
  repository: Repository,
  secret: Buffer,
): Promise<Repository> {
  const heavy = await keyInUse(repository);
  const content = await repository.objects.read(`keys/${heavy}`);
  const isThere = content !== undefined && isLight(readKeyFile(heavy, content));
  const keyHint = isThere ? heavy : await addLightKey(session, repository, secret);
  if (keyHint === undefined) return repository;
  const light = hinted(repository, keyHint);
  if (!isThere) await removeHeavy(session, light, heavy);
  return light;
}

/** After `init` there is one, and no restic has to be asked which it is. */
async function keyInUse(repository: Repository): Promise<string> {
  const ids = repository.objects.canWrite ? await repository.objects.keyIds() : [];
  if (ids.length === 1) return ids[0] ?? '';
  return (await listKeys(repository)).find(({ current }) => current)?.id ?? '';
}

async function removeHeavy(session: Session, repository: Repository, id: string): Promise<void> {
  try {
    await removeKey(repository, id);
  } catch (error) {
    // It opens the repository by the same secret as before: one key too many, and nothing else.
    if (!(error instanceof AppError) || error.code !== 'refused') throw error;
    session.output.log('warn', `the first key ${id.slice(0, 8)} stays: ${error.message}`);
  }
}
