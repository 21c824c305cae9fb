import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { Probe } from './probe-types.ts';
import type { Doubt, Step } from './steps.ts';
import { mountOf, plannedMounts } from './mounts.ts';

/** Where people mount disks: a directory there on the system's own disk is mostly a disk that is not plugged in. */
const MOUNT_PLACES = /^\/(?:mnt|media|run\/media)\/./;

/** A directory of this machine: its disk must be there, and we must be able to write. */
export function directorySteps({ request }: Probe, path: string): Step[] {
  return [
    { name: 'mount', look: async () => await lookAtMount(path) },
    {
      name: 'rights',
      look: async () => {
        const existing = await nearest(path);
        if (request.mode === 'adopt' && existing !== path) return 'looked at below';
        await tryWriting(existing);
        return existing === path
          ? 'files can be made there'
          : `it does not exist yet, and can be made in ${existing}`;
      },
    },
    ...(request.mode === 'create' ? [] : [contentStep(request.access.address)]),
  ];
}

async function lookAtMount(path: string): Promise<string | Doubt> {
  const mount = await mountOf(path);
  const planned = (await plannedMounts()).find(
    (point) => (path === point || path.startsWith(`${point}/`)) && point.length > mount.point.length,
  );
  if (planned !== undefined) {
    throw new AppError('refused', `the disk of ${planned} is not mounted`, {
      hint: `mount it (it stands in /etc/fstab): mount ${planned}; a backup now would go to the disk below it`,
      field: 'location',
      retry: 'after_action',
    });
  }
  if (mount.point === '/' && MOUNT_PLACES.test(path)) {
    return {
      message: `${path} is on the system's own disk: no disk is mounted there`,
      hint: 'mount the disk first, if one was meant',
    };
  }
  return `${mount.type} mounted at ${mount.point}`;
}

/** The path itself, or the directory in which it would be made. */
async function nearest(path: string): Promise<string> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return path;
    throw new AppError('invalid_input', `the location ${path} is a file`, {
      field: 'location',
      hint: 'name a directory, or one that does not exist yet',
    });
  } catch (error) {
    if (error instanceof AppError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && dirname(path) !== path) return await nearest(dirname(path));
    throw unusable(path, error);
  }
}

async function tryWriting(directory: string): Promise<void> {
  const trial = join(directory, `.olares-backup-test-${randomBytes(6).toString('hex')}`);
  try {
    await mkdir(trial, { mode: 0o700 });
    await rmdir(trial);
  } catch (error) {
    throw unusable(directory, error);
  }
}

function unusable(path: string, cause: unknown): AppError {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const fault = FAULTS[code] ?? message.replace(/^[A-Z]+: |, .*$/g, '');
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  return new AppError(isFull ? 'no_space' : 'refused', `the location ${path} cannot be used: ${fault}`, {
    hint: isFull
      ? 'make room there, or choose another disk'
      : 'check its rights and its disk, or choose another directory',
    field: 'location',
    retry: 'after_action',
    cause,
  });
}

const FAULTS: Partial<Record<string, string>> = {
  EACCES: 'the agent may not write there',
  EPERM: 'the agent may not write there',
  EROFS: 'it is read only',
  ENOENT: 'the agent may not write there',
  ENOTDIR: 'a part of its path is a file',
  ENOSPC: 'its disk is full',
  EDQUOT: 'its disk quota is used up',
  EIO: 'its disk has a fault',
  ESTALE: 'its server is gone',
  ENOTCONN: 'its server is gone',
};

function contentStep(address: string): Step {
  return {
    name: 'content',
    async look() {
      const names = await readdir(address).catch((): string[] => []);
      if (names.length === 0 || names.includes('config')) return `${names.length} entries`;
      throw new AppError('repository_missing', `${address} is not empty and holds no repository`, {
        hint: 'name the directory that holds its "config" file',
        field: 'location',
      });
    },
  };
}
