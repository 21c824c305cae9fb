import { createHash } from 'node:crypto';
import { AppError } from '../../contract/errors.ts';
import type { ArmSummary, HelperRequestOf, SecretMessage } from '../../contract/helper-messages.ts';
import { readKeyFile, KEY_HOST } from '../capsule/key-file.ts';
import { opensKey } from '../capsule/open-capsule.ts';
import { readCapsule } from '../capsule/read-capsule.ts';
import { ensureMachineKey } from '../machine-key.ts';
import { passwordBytes } from '../password.ts';
import { withSecret } from '../secret-channel.ts';
import type { Session } from '../session.ts';
import { initialize } from './init.ts';
import { addKey, listKeys, type ListedKey } from './keys.ts';
import { snapshotList } from './messages.ts';
import { writeKeyHint } from './key-hint.ts';
import { addLightKey, lightened } from './machine-key-file.ts';
import { writePin } from './pins.ts';
import { openRepository, readConfig, type Repository } from './repository.ts';
import { openTypedRepository } from './typed-repository.ts';

type Request = HelperRequestOf<'arm'>;

export interface Secrets {
  readonly machine: Buffer;
  readonly user: Buffer;
  readonly recovery: Buffer | undefined;
}

/**
 * Makes a repository with three keys, or adds ours to an existing one, and reads all of it back before it says that the
 * plan is armed.
 * @throws AppError `conflict` when create finds a repository, `repository_missing` and `wrong_password` when adopt fails
 */
export function arm(request: Request, session: Session): Promise<ArmSummary> {
  return withSecret(session, request.channelPath, async (secret) => {
    const secrets = readSecrets(request, session, secret);
    return await (request.mode === 'create'
      ? makeNew(request, session, secrets)
      : takeOver(request, session, secrets));
  });
}

async function makeNew({ access }: Request, session: Session, secrets: Secrets): Promise<ArmSummary> {
  await using repository = await openRepository(session, {
    verb: 'arm',
    access,
    password: secrets.machine,
    key: 'typed',
  });
  assertReadable(repository);
  return await create({ session, repository, secrets });
}

async function takeOver(
  { access, keyIds }: Request,
  session: Session,
  secrets: Secrets,
): Promise<ArmSummary> {
  await using repository = await openTypedRepository(session, {
    verb: 'arm',
    access,
    secret: secrets.user,
    ...(keyIds && { keyIds }),
  });
  assertReadable(repository);
  return await adopt({ session, repository, secrets });
}

function readSecrets(request: Request, session: Session, secret: SecretMessage): Secrets {
  const user = passwordBytes(secret.password);
  const recovery = request.recovery ? passwordBytes(secret.recovery, 'recovery words') : undefined;
  return { machine: ensureMachineKey(session, request.mode), user, recovery };
}

/** Before anything is made: without the raw key files there is no capsule, and no offline password check. */
function assertReadable({ objects }: Repository): void {
  if (objects.canRead) return;
  throw new AppError('invalid_input', 'plans over SFTP and other programs cannot be armed yet', {
    field: 'location',
    hint: 'use a directory, S3 or a REST server',
  });
}

interface Arming {
  readonly session: Session;
  readonly repository: Repository;
  readonly secrets: Secrets;
}

async function create({ session, repository, secrets }: Arming): Promise<ArmSummary> {
  const repositoryId = (await halfMade(repository)) ?? (await initialize(session, repository));
  const light = await lightened(session, repository, secrets.machine);
  await addKey(light, { role: 'user', secret: secrets.user });
  if (secrets.recovery) await addKey(light, { role: 'recovery', secret: secrets.recovery });
  const listed = await listKeys(light);
  return readBack({ session, repository, secrets, repositoryId, listed, userId: undefined });
}

/**
 * What a `create` left that was cut off before the plan was armed: a repository at this plan's own address that the
 * machine key opens and that holds no snapshot. Keys it has got stay: storage may not let them be removed.
 * @returns its id
 */
async function halfMade(repository: Repository): Promise<string | undefined> {
  if (!(await repository.objects.read('config')) || !(await isOursAndEmpty(repository))) return undefined;
  return (await readConfig((run) => repository.run(run))).id;
}

async function isOursAndEmpty(repository: Repository): Promise<boolean> {
  let list: unknown;
  try {
    await repository.run({ args: ['snapshots', '--no-lock'], onMessage: (message) => (list = message) });
  } catch (error) {
    // Another key's repository: `initialize` refuses it in words.
    if (error instanceof AppError && error.code === 'wrong_password') return false;
    throw error;
  }
  return snapshotList.parse(list, "restic's list of snapshots").length === 0;
}

async function adopt({ session, repository, secrets }: Arming): Promise<ArmSummary> {
  await repository.confirm();
  const keys = await listKeys(repository);
  const keyHint =
    (await ownKey({ session, repository, secrets }, keys)) ??
    (await addLightKey(session, repository, secrets.machine));
  if (keyHint === undefined) await addKey(repository, { role: 'machine', secret: secrets.machine });
  if (secrets.recovery) await addKey(repository, { role: 'recovery', secret: secrets.recovery });
  const { id: repositoryId } = await readConfig(repository.run);
  return readBack({
    session,
    repository,
    secrets,
    repositoryId,
    listed: await listKeys(repository, {
      password: secrets.machine,
      ...(keyHint !== undefined && { keyHint }),
    }),
    userId: keys.find(({ current }) => current)?.id,
  });
}

/** Adopted before, by this same machine: then its key is there already. */
async function ownKey(
  { session, repository, secrets }: Arming,
  keys: readonly ListedKey[],
): Promise<string | undefined> {
  const config = await repository.objects.read('config');
  for (const { id } of keys) {
    const content = await repository.objects.read(`keys/${id}`);
    if (!content || !config) continue;
    const { hostname, username } = readKeyFile(id, content);
    if (hostname !== KEY_HOST || username !== 'machine') continue;
    if (await opensKey(session, { config, id, content }, secrets.machine)) return id;
  }
  return undefined;
}

interface Armed extends Arming {
  readonly repositoryId: string;
  /** As the machine's secret opened the repository. */
  readonly listed: readonly ListedKey[];
  /** The key the typed password opened before, when adopting. */
  readonly userId: string | undefined;
}

/** Opens the repository by the machine key, and each other key by its secret, as fetched from the storage. */
async function readBack(armed: Armed): Promise<ArmSummary> {
  const { session, repository, secrets, repositoryId, listed, userId } = armed;
  const machineId = listed.find(({ current }) => current)?.id ?? '';
  const ids = listed.map(({ id }) => id);
  const { capsule, keys } = await readCapsule(repository.objects, repositoryId, {
    ids,
    roles: { machineId, userId },
  });
  const config = Buffer.from(capsule.config, 'base64');
  const expected = { user: secrets.user, ...(secrets.recovery ? { recovery: secrets.recovery } : {}) };
  for (const [role, secret] of Object.entries(expected)) {
    const candidates = capsule.keys.filter((key) => key.role === role);
    await assertOneOpens({ session, config, candidates, role }, secret);
  }
  writeKeyHint(session, repositoryId, machineId);
  writePin(session, repositoryId, createHash('sha256').update(config).digest('hex'));
  return { repositoryId, keys, capsule };
}

export interface Candidates {
  readonly session: Session;
  readonly config: Buffer;
  readonly candidates: readonly { readonly id: string; readonly content: string }[];
  readonly role: string;
}

export async function assertOneOpens(
  { session, config, candidates, role }: Candidates,
  secret: Buffer,
): Promise<void> {
  for (const { id, content } of candidates) {
    if (await opensKey(session, { config, id, content: Buffer.from(content, 'base64') }, secret)) return;
  }
  throw new AppError('integrity', `the ${role} key that was just written cannot be read back`, {
    hint: 'the plan was not armed; try again, and check the storage if it happens again',
  });
}
