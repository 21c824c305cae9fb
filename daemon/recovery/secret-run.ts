import type { SecretChannel } from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Chance } from '../base/ids.ts';
import { CHANNEL_LIFE_MS, newChannelPath } from '../engine/channel-path.ts';

export interface SecretRunOptions {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly config: { readonly runDir: string };
}

/**
 * Lets a helper ask a terminal for a secret.
 * @param work runs the helper on that channel path and calls `ready` when it listens; what it throws later is its own
 * @returns the channel; rejects when the helper ended before it listened
 */
export async function askSecret(
  { clock, chance, config }: SecretRunOptions,
  work: (channelPath: string, ready: () => void) => Promise<void>,
): Promise<SecretChannel> {
  const socketPath = newChannelPath(config.runDir, chance);
  const channel = { socketPath, expiresAt: clock.now() + CHANNEL_LIFE_MS };
  return await new Promise((resolve, reject) => {
    work(socketPath, () => resolve(channel)).catch((error: unknown) => reject(error as Error));
  });
}
