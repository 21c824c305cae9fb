import { SingleBar } from 'cli-progress';
import type { Progress } from '../../contract/index.ts';
import type { TextStream } from '../runtime.ts';
import { describeProgress, type ProgressView } from './progress.ts';
import { fitWidth } from './text-width.ts';

const BAR_WIDTH = 24;
const DEFAULT_COLUMNS = 80;
const UNKNOWN_TOTAL = `[${'·'.repeat(BAR_WIDTH)}]     `;

/** One bar on the terminal's current line. */
export function createBar(stderr: TextStream): ProgressView {
  let bar: SingleBar | undefined;
  return {
    show(progress) {
      bar ??= startBar(stderr);
      bar.update(Math.floor((progress.fraction ?? 0) * 1000), { progress });
    },
    clear() {
      bar?.stop();
      bar = undefined;
    },
  };
}

function startBar(stderr: TextStream): SingleBar {
  const bar = new SingleBar({
    stream: stderr,
    clearOnComplete: true,
    hideCursor: true,
    fps: 5,
    // The terminal may also be something that cannot move its cursor; the caller looked.
    noTTYOutput: false,
    gracefulExit: false,
    format: (_options, _params, payload: { progress?: Progress }) =>
      payload.progress ? barLine(payload.progress, stderr.columns ?? DEFAULT_COLUMNS) : '',
  });
  bar.start(1000, 0);
  return bar;
}

function barLine(progress: Progress, columns: number): string {
  const { fraction } = progress;
  const filled = Math.round((fraction ?? 0) * BAR_WIDTH);
  const bar =
    fraction === undefined
      ? UNKNOWN_TOTAL
      : `[${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}] ${String(Math.floor(fraction * 100)).padStart(3)} %`;
  return fitWidth(`${bar} ${describeProgress(progress)}`, columns - 1);
}
