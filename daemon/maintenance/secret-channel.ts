import { AppError, type SecretChannel } from '../../contract/index.ts';

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
