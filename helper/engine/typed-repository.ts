import type { HelperVerb, RepositoryAccess } from '../../contract/helper-messages.ts';
import { AppError } from '../../contract/errors.ts';
import { KEY_HOST, readKeyFile, type KeyFile } from '../capsule/key-file.ts';
import { opensKey } from '../capsule/open-capsule.ts';
import type { Session } from '../session.ts';
import type { RepositoryObjects } from '../storage/objects.ts';
import { hinted, openRepository, type Repository } from './repository.ts';

/** restic itself gives up after as many. Each costs half a second. */
const MOST_TRIES = 20;
/** What is read before the password is proven stays small, however many files somebody put there: under 30 KB. */
const MOST_READ = 64;

export interface TypedOptions {
  readonly verb: HelperVerb;
  readonly access: RepositoryAccess;
  readonly secret: Buffer;
  /** Keys that a kit names: if one of them opens, nothing else is read. */
  readonly keyIds?: readonly string[];
}

export interface TypedRepository extends Repository {
  /** The key that the password opens; undefined where restic alone knows the way to the storage. */
  readonly keyId: string | undefined;
}

/**
 * A repository that a typed password opens. The password is proven offline, on the key files alone: decoys among them
 * cannot make a right password look wrong, and one that asks for far too much work is never tried.
 * @throws AppError `wrong_password`; `integrity` when no key file can be used, which says nothing about the password
 */
export async function openTypedRepository(session: Session, options: TypedOptions): Promise<TypedRepository> {
  const { verb, access, secret } = options;
  const repository = await openRepository(session, { verb, access, password: secret, key: 'typed' });
  if (!repository.objects.canRead) return { ...repository, keyId: undefined };
  try {
    const keyId = await findKey(session, repository.objects, options);
    return { ...hinted(repository, keyId), keyId };
  } catch (error) {
    await repository[Symbol.asyncDispose]();
    throw error;
  }
}

interface Candidate {
  readonly id: string;
  readonly content: Buffer;
  readonly file: KeyFile;
}

async function findKey(
  session: Session,
  objects: RepositoryObjects,
  { secret, keyIds = [] }: TypedOptions,
): Promise<string> {
  const config = await objects.read('config');
  if (!config) throw noRepository();
  const opens = async ({ id, content }: Candidate) =>
    await opensKey(session, { config, id, content }, secret);
  const named = await readCandidates(objects, keyIds);
  for (const key of named.usable) if (await opens(key)) return key.id;
  const listed = (await objects.keyIds()).filter((id) => !keyIds.includes(id));
  const { usable, unusable } = await readCandidates(objects, listed.slice(0, MOST_READ));
  const tried = typedFirst(usable).slice(0, MOST_TRIES);
  for (const key of tried) if (await opens(key)) return key.id;
  if (tried.length + named.usable.length === 0) throw noUsableKey(unusable);
  throw wrongPassword(listed.length - usable.length + Math.max(0, usable.length - MOST_TRIES));
}

async function readCandidates(
  objects: RepositoryObjects,
  ids: readonly string[],
): Promise<{ usable: Candidate[]; unusable: number }> {
  const read = await Promise.all(ids.map(async (id) => await readCandidate(objects, id)));
  const usable = read.filter((key) => key !== undefined);
  return { usable, unusable: ids.length - usable.length };
}

/** @returns undefined for one that is gone, was changed, or would cost far more work than any key made by restic */
async function readCandidate(objects: RepositoryObjects, id: string): Promise<Candidate | undefined> {
  const content = await objects.read(`keys/${id}`);
  if (!content) return undefined;
  try {
    return { id, content, file: readKeyFile(id, content) };
  } catch (error) {
    if (error instanceof AppError && error.code === 'integrity') return undefined;
    throw error;
  }
}

/** Random keys of machines are never typed. Anyone may write these names: beyond that they only order the tries. */
function typedFirst(keys: readonly Candidate[]): Candidate[] {
  const roles = ['user', 'recovery'];
  const rank = ({ file: { hostname, username } }: Candidate): number =>
    hostname === KEY_HOST && roles.includes(username) ? roles.indexOf(username) : roles.length;
  return keys
    .filter(({ file }) => file.hostname !== KEY_HOST || file.username !== 'machine')
    .toSorted((a, b) => rank(a) - rank(b));
}

const noRepository = () =>
  new AppError('repository_missing', 'there is no repository at this location', {
    hint: 'check the address of the location, and that its disk is mounted',
    retry: 'after_action',
  });

const noUsableKey = (unusable: number) =>
  new AppError('integrity', 'the repository has no key file that can be used', {
    hint: `${unusable} are damaged or were changed; this says nothing about the password. Bring back the folder "keys" from a copy`,
  });

/** @param untried keys beyond the limit, and those that cannot be used */
function wrongPassword(untried: number): AppError {
  return new AppError('wrong_password', 'the password does not open this repository', {
    retry: 'after_action',
    hint:
      untried > 0
        ? `${untried} of its keys were not tried: damaged, or too many. A recovery kit names the right ones`
        : 'look at Caps Lock and the keyboard layout; the recovery words open it too. Nothing was changed',
  });
}
