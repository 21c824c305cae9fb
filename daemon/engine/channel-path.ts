import { join } from 'node:path';
import { AppError } from '../../contract/index.ts';
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
