import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { AppError } from '../../contract/errors.ts';
import type { Anchor } from './anchor.ts';

/**
 * Waits until all that was written to the directory's file system is on its disk: a power cut soon after the end would
 * else leave empty files where whole ones were reported. Since Linux 5.8 this tells the errors of the disk, too.
 * @throws AppError `failed` when the disk could not take it all
 */
export async function flush({ fd }: Pick<Anchor, 'fd'>): Promise<void> {
  const child = spawn('sync', ['-f', '/proc/self/fd/3'], {
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    stdio: ['ignore', 'ignore', 'pipe', fd],
  });
  const ended = once(child, 'exit');
  const words = child.stderr ? await text(child.stderr) : '';
  const [code] = await ended;
  if (code === 0) return;
  throw new AppError('failed', 'the disk of the target did not take all that was written to it', {
    hint: 'look at the disk (`dmesg`, `smartctl`), or choose a target on another one; nothing was put in place',
    retry: 'after_action',
    cause: new Error(words.trim()),
  });
}
