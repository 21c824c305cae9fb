import { join } from 'node:path';
import { AppError, type SecretChannel } from '../../contract/index.ts';
import type { Chance } from '../base/ids.ts';

/** Longest path of a unix socket on Linux, `sun_path` less its final zero. */
const MAX_SOCKET_PATH_BYTES = 107;
/** How long the helper waits for the secret to be typed. */
export const CHANNEL_LIFE_MS = 10 * 60_000;

/** A fresh place for the socket on which one helper waits for one secret. */
export function newChannelPath(runDir: string, chance: Chance): string {
  const path = join(runDir, `secret-${chance.bytes(8).toString('hex')}.sock`);
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return path;
  throw new AppError('config_invalid', `the path of the run directory is too long: ${runDir}`, {
    hint: 'use a shorter --state-dir',
  });
}

/**
 * @param work runs the helper; calls `ready` when it listens
 * @returns the channel; rejects when the helper ended before it listened
 */
export async function openChannel(options: {
  readonly path: string;
  readonly expiresAt: number;
  readonly work: (ready: () => void) => Promise<void>;
}): Promise<SecretChannel> {
  const channel = { socketPath: options.path, expiresAt: options.expiresAt };
  return await new Promise((resolve, reject) => {
    const work = options.work(() => resolve(channel));
    work.then(
      () => reject(new AppError('failed', 'the helper ended before it asked for the password')),
      reject,
    );
  });
}
