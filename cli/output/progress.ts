import { cleanText, type Progress } from '../../contract/index.ts';
import type { TextStream } from '../runtime.ts';
import { formatBytes, formatCount, formatDuration } from './format.ts';

/** A line this often where no bar can be drawn. */
const LINE_EVERY_MS = 10_000;

export interface ProgressView {
  show(progress: Progress): void;
  /** Makes room for a message; the next {@link show} draws again. */
  clear(): void;
}

export interface ProgressOptions {
  readonly stderr: TextStream;
  readonly quiet: boolean;
  readonly now: () => number;
}

/** A bar on a terminal, else a line each ten seconds; nothing with `--quiet`. */
export async function createProgressView({ stderr, quiet, now }: ProgressOptions): Promise<ProgressView> {
  if (quiet) return { show: () => {}, clear: () => {} };
  if (stderr.isTTY) {
    const { createBar } = await import('./progress-bar.ts');
    return createBar(stderr);
  }
  let nextAt = now() + LINE_EVERY_MS;
  return {
    show(progress) {
      if (now() < nextAt) return;
      nextAt = now() + LINE_EVERY_MS;
      stderr.write(`${percent(progress)}${describeProgress(progress)}\n`);
    },
    clear: () => {},
  };
}

function percent({ fraction }: Progress): string {
  return fraction === undefined ? '' : `${Math.floor(fraction * 100)} % `;
}

/** `uploading 1.2 GiB of 3.0 GiB, 1,204 of 5,000 files, 12 MiB/s, 3 min left`, or why nothing moves. */
export function describeProgress(progress: Progress): string {
  const { bytesDone, bytesTotal, filesDone, filesTotal, bytesPerSecond, remainingMs, stall } = progress;
  const of = (done: string, total: string | undefined) =>
    total === undefined ? done : `${done} of ${total}`;
  const parts = [
    of(formatBytes(bytesDone), bytesTotal === undefined ? undefined : formatBytes(bytesTotal)),
    `${of(formatCount(filesDone), filesTotal === undefined ? undefined : formatCount(filesTotal))} files`,
    ...(bytesPerSecond === undefined ? [] : [`${formatBytes(Math.round(bytesPerSecond))}/s`]),
    ...(remainingMs === undefined ? [] : [`${formatDuration(remainingMs)} left`]),
  ];
  const moves =
    progress.phase === 'finishing'
      ? `finishing: the rest of ${formatBytes(bytesDone)} is being sent`
      : `${cleanText(progress.phase, 20)} ${parts.join(', ')}`;
  return stall === undefined ? moves : `${moves} (waiting: ${cleanText(stall, 200)})`;
}
