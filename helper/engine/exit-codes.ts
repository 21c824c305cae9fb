import { AppError } from '../../contract/errors.ts';
import { cleanText } from '../../contract/text.ts';
import { ruleFor } from './failures.ts';

/** How a restic process ended. */
export interface ResticEnd {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly signal: string | undefined;
  /** We asked it to stop. */
  readonly cancelled: boolean;
  /** The text of its `exit_error`, for the rules only. */
  readonly message: string;
  /** The last lines of stderr. */
  readonly tail: readonly string[];
}

/** restic's own exit codes, from 0.18.1 on; all others mean failure. */
export const RESTIC_EXIT = {
  ok: 0,
  partial: 3,
  missing: 10,
  locked: 11,
  wrongPassword: 12,
  interrupted: 130,
} as const;

/** Words for an end that is no success: exit code first, then the documented texts. */
export function failureOf(end: ResticEnd): AppError {
  const cause = new Error(
    `restic ended with ${end.code ?? end.signal}: ${[...end.tail, end.message].join('\n')}`,
  );
  if (end.cancelled) return cancelled(cause);
  return byExitCode(end, cause) ?? byText(end, cause);
}

export function cancelled(cause?: unknown): AppError {
  return new AppError('cancelled', 'stopped before it was done', cause === undefined ? {} : { cause });
}

/** Stopped for now: by the end of the agent or the machine, not by a person. */
export function interrupted(): AppError {
  return new AppError('cancelled', 'stopped before it was done, to go on later', { retry: 'backoff' });
}

/** Whether a signal to stop means: for now. */
export const isForNow = ({ aborted, reason }: AbortSignal): boolean =>
  aborted && reason instanceof AppError && reason.retry === 'backoff';

function byExitCode(end: ResticEnd, cause: Error): AppError | undefined {
  if (end.code === RESTIC_EXIT.missing) {
    return new AppError('repository_missing', 'there is no repository at this location', {
      hint: 'check the address of the location, and that its disk is mounted',
      retry: 'after_action',
      cause,
    });
  }
  if (end.code === RESTIC_EXIT.locked) return lockedBy(end.message, cause);
  if (end.code === RESTIC_EXIT.wrongPassword) {
    return new AppError('wrong_password', 'the password does not open this repository', { cause });
  }
  if (end.signal || end.code === RESTIC_EXIT.interrupted) {
    return new AppError('failed', 'restic was ended from outside', {
      hint: 'the next run repairs what is needed and goes on',
      retry: 'backoff',
      cause,
    });
  }
  return undefined;
}

function byText(end: ResticEnd, cause: Error): AppError {
  // The last word of restic says why it ended; earlier lines may be about faults it got over.
  const rule = ruleFor(end.message) ?? ruleFor(end.tail.slice(-5).join('\n'));
  if (!rule) {
    return new AppError('failed', `restic failed (exit code ${end.code})`, {
      hint: 'see `olares-backup logs` for what it said',
      retry: 'backoff',
      cause,
    });
  }
  return new AppError(rule.code, rule.message, { hint: rule.hint, retry: rule.retry, cause });
}

/** Who holds the lock is said in words only; without them the sentence is shorter. */
function lockedBy(message: string, cause: Error): AppError {
  const holder = /locked (?:exclusively )?by PID (\d+) on (\S+)/.exec(message);
  const age = /lock was created at ([\d-]+ [\d:]+) \((\S+) ago\)/.exec(message);
  const who = holder ? ` by process ${holder[1]} on ${cleanText(holder[2] ?? '', 80)}` : '';
  const since = age ? ` since ${age[1]} (${shortDuration(age[2] ?? '')})` : '';
  return new AppError('repository_locked', `the repository is locked${who}${since}`, {
    hint: 'wait until that program is done; a lock whose program has died goes away after 30 minutes',
    retry: 'backoff',
    retryAfterMs: 60_000,
    cause,
  });
}

/** `1h2m7.314231654s` without its fractions. */
const shortDuration = (text: string) => text.replace(/\.\d+s$/, 's');
