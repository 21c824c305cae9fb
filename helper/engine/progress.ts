import type { HelperProgress } from '../../contract/helper-messages.ts';
import type { ProgressPhase } from '../../contract/model/job.ts';
import type { Session } from '../session.ts';
import type { ResticStatus } from './messages.ts';
import { isRecovered, stallReason } from './stall.ts';

const STALL_AFTER_MS = 15_000;
/** Nothing moves and nothing is said: a black hole on the way, or a source disk that hangs. */
const SILENT_AFTER_MS = 45_000;
const INTERVAL_MS = 1_000;
/** So long after the last byte was read it is the line that is waited for, not a total that still grows. */
const READ_AFTER_MS = 3_000;
/** Weight of the newest second in the speed shown: follows a change within about five seconds. */
const SMOOTHING = 0.3;

export interface ProgressMeter extends Disposable {
  onStatus(status: ResticStatus): void;
  /** A line of restic that is no JSON: it may say why nothing moves. */
  onText(line: string): void;
}

export interface MeterOptions {
  readonly phase: ProgressPhase;
  /** Since when restic waits for storage credentials. */
  readonly waitingSince: () => number | undefined;
}

/** Turns restic's status lines into progress, and says why when the bytes stand still for 15 seconds. */
export function createProgressMeter(session: Session, { phase, waitingSince }: MeterOptions): ProgressMeter {
  const { clock, output } = session;
  let last: HelperProgress = { phase: 'preparing', filesDone: 0, bytesDone: 0 };
  let movedAt = clock();
  let countedAt = clock();
  let speed = 0;
  let reason: string | undefined;

  const send = () => {
    const stall = stallText();
    const now = isSendingRest() ? sendingRest(last) : last;
    output.progress(stall === undefined ? now : { ...now, stall });
  };
  /** restic counts what it reads: up to 100 MB of it may still wait for a slow line then. */
  const isSendingRest = (): boolean =>
    last.phase === 'uploading' && last.fraction === 1 && clock() - movedAt >= READ_AFTER_MS;
  const stallText = (): string | undefined => {
    if (clock() - movedAt < STALL_AFTER_MS) return undefined;
    const waiting = waitingSince();
    if (waiting !== undefined && clock() - waiting >= STALL_AFTER_MS)
      return 'waiting for access to the storage';
    return reason ?? silence();
  };
  const silence = (): string | undefined => {
    const stillMs = clock() - movedAt;
    if (stillMs < SILENT_AFTER_MS || last.phase !== phase || last.fraction === 1) return undefined;
    return `nothing has moved for ${Math.round(stillMs / 1000)} s: the storage or the disk does not answer`;
  };
  const timer = setInterval(send, INTERVAL_MS).unref();

  return {
    onStatus(status) {
      const now = clock();
      const bytesDone = status.bytes_done ?? status.bytes_restored ?? 0;
      const gained = Math.max(0, bytesDone - last.bytesDone);
      const seconds = Math.max(0.2, (now - countedAt) / 1000);
      speed = speed === 0 ? gained / seconds : speed * (1 - SMOOTHING) + (gained / seconds) * SMOOTHING;
      countedAt = now;
      if (gained > 0) {
        movedAt = now;
        reason = undefined;
      }
      last = describe(status, { phase, bytesDone, speed });
    },
    onText(line) {
      // What went through again does move, though its bytes were counted when they were read.
      if (isRecovered(line)) {
        reason = undefined;
        movedAt = clock();
      } else reason = stallReason(line)?.words ?? reason;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function describe(
  status: ResticStatus,
  { phase, bytesDone, speed }: { phase: ProgressPhase; bytesDone: number; speed: number },
): HelperProgress {
  const { total_files: filesTotal, total_bytes: bytesTotal = 0 } = status;
  return {
    phase: bytesTotal > 0 ? phase : 'scanning',
    filesDone: status.files_done ?? status.files_restored ?? 0,
    bytesDone,
    ...(filesTotal === undefined ? {} : { filesTotal }),
    ...(speed > 0 ? { bytesPerSecond: speed } : {}),
    ...(bytesTotal > 0 ? share(bytesDone, bytesTotal, speed) : {}),
  };
}

function sendingRest(progress: HelperProgress): HelperProgress {
  const { bytesPerSecond: _speed, remainingMs: _remaining, ...known } = progress;
  return { ...known, phase: 'finishing' };
}

function share(bytesDone: number, bytesTotal: number, speed: number): Partial<HelperProgress> {
  const left = Math.max(0, bytesTotal - bytesDone);
  return {
    bytesTotal,
    fraction: Math.min(1, bytesDone / bytesTotal),
    ...(speed > 0 ? { remainingMs: Math.round((left / speed) * 1000) } : {}),
  };
}
