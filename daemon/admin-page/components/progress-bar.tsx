import type { JSX } from 'preact';
import { cleanText, type Progress } from '../../../contract/index.ts';
import { formatBytes, formatCount, formatPercent } from '../format/size.ts';
import { formatRemaining } from '../format/time.ts';
import { PHASE_WORDS } from '../format/words.ts';
import { Foreign } from './basics.tsx';
import { Icon } from './icon.tsx';

/** Phase, share, amounts, speed and remaining time of a running job. */
export function JobProgress({
  progress,
  label,
}: {
  progress: Progress | undefined;
  label: string;
}): JSX.Element {
  const fraction = progress?.fraction;
  return (
    <div class="progress">
      <div class="progress__line">
        <span>{progress ? (PHASE_WORDS[progress.phase] ?? 'Working') : 'Starting'}</span>
        {fraction === undefined ? null : <strong class="number">{formatPercent(fraction)}</strong>}
      </div>
      <Track fraction={fraction} label={label} />
      {progress ? <p class="progress__facts number">{factsOf(progress).join(' · ')}</p> : null}
      {progress?.stall === undefined ? null : (
        <p class="progress__stall">
          <Icon name="warning" size={16} /> <Foreign text={progress.stall} />
        </p>
      )}
    </div>
  );
}

function Track({ fraction, label }: { fraction: number | undefined; label: string }): JSX.Element {
  const isKnown = fraction !== undefined;
  return (
    <div
      class="progress__track"
      role="progressbar"
      aria-label={cleanText(label)}
      aria-valuemin={0}
      aria-valuemax={100}
      {...(isKnown ? { 'aria-valuenow': Math.floor(fraction * 100) } : {})}
    >
      <div
        class={isKnown ? 'progress__fill' : 'progress__fill progress__fill--unknown'}
        style={isKnown ? { width: `${fraction * 100}%` } : {}}
      />
    </div>
  );
}

function factsOf(progress: Progress): string[] {
  const { bytesDone, bytesTotal, filesDone, filesTotal, bytesPerSecond, remainingMs } = progress;
  const facts = [
    bytesTotal === undefined
      ? formatBytes(bytesDone)
      : `${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}`,
    filesTotal === undefined
      ? `${formatCount(filesDone)} files`
      : `${formatCount(filesDone)} of ${formatCount(filesTotal)} files`,
  ];
  if (bytesPerSecond !== undefined && bytesPerSecond > 0) facts.push(`${formatBytes(bytesPerSecond)}/s`);
  if (remainingMs !== undefined) facts.push(formatRemaining(remainingMs));
  return facts;
}
