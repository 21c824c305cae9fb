import { AppError } from '../../contract/errors.ts';
import type { Capsule } from '../../contract/helper-messages.ts';
import type { PlanKey } from '../../contract/model/plan.ts';
import type { RepositoryObjects } from '../storage/objects.ts';
import { KEY_HOST, readKeyFile, type KeyFile } from './key-file.ts';

export interface KnownRoles {
  /** The key that the machine key opens. */
  readonly machineId: string;
  /** The key that the typed password opens, where it is known. */
  readonly userId?: string | undefined;
}

export interface ReadCapsule {
  readonly capsule: Capsule;
  readonly keys: PlanKey[];
}

/**
 * Fetches `config` and the keys as stored, and says whose each key is.
 * @throws AppError `integrity` when one is missing or damaged
 */
export async function readCapsule(
  objects: RepositoryObjects,
  repositoryId: string,
  { ids, roles }: { ids: readonly string[]; roles: KnownRoles },
): Promise<ReadCapsule> {
  const config = await required(objects, 'config');
  const found = await Promise.all(
    ids.map(async (id) => {
      const content = await required(objects, `keys/${id}`);
      return { id, content, file: readKeyFile(id, content) };
    }),
  );
  const named = found.map((key) => ({ ...key, role: roleOf(key.id, key.file, roles) }));
  const keys = namePlainUser(named);
  return {
    capsule: {
      repositoryId,
      config: config.toString('base64'),
      keys: keys.map(({ id, role, content }) => ({ id, role, content: content.toString('base64') })),
    },
    keys: keys.map(({ id, role, file }) => ({
      id,
      role,
      createdAt: Math.max(0, Date.parse(file.created)),
      ...(role === 'other' && isMachines(file) && { otherMachine: true }),
    })),
  };
}

function roleOf(id: string, file: KeyFile, { machineId, userId }: KnownRoles): PlanKey['role'] {
  if (id === machineId) return 'machine';
  if (id === userId) return 'user';
  const isOurs = file.hostname === KEY_HOST && (file.username === 'user' || file.username === 'recovery');
  return isOurs ? (file.username as 'user' | 'recovery') : 'other';
}

const isMachines = ({ hostname, username }: KeyFile): boolean =>
  hostname === KEY_HOST && username === 'machine';

/** In a repository made by plain restic the one key that is not ours is its owner's. */
function namePlainUser<K extends { role: PlanKey['role']; file: KeyFile }>(keys: K[]): K[] {
  const others = keys.filter(({ role, file }) => role === 'other' && !isMachines(file));
  if (others.length !== 1 || keys.some(({ role }) => role === 'user')) return keys;
  return keys.map((key) => (others.includes(key) ? { ...key, role: 'user' } : key));
}

async function required(objects: RepositoryObjects, name: string): Promise<Buffer> {
  const content = await objects.read(name);
  if (content) return content;
  throw new AppError('integrity', `the repository lacks its file ${name.slice(0, 13)}`, { retry: 'backoff' });
}
