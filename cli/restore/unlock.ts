import { setTimeout as delay } from 'node:timers/promises';
import {
  AppError,
  cleanText,
  type RestoreChoice,
  type RestoreRequest,
  type SecretChannel,
} from '../../contract/index.ts';
import { formatDuration, formatTime, plural } from '../output/format.ts';
import { noPasswordSource } from '../password/new-password.ts';
import { normaliseKnownPassword, spellingHint } from '../password/rules.ts';
import { readPassword, type PasswordOptions } from '../password/sources.ts';
import { openSecretLine } from '../secret-channel.ts';
import type { Session } from '../session.ts';

/** The helper of a wrong password ends a moment after its verdict. */
const HELPER_GOES_MS = 3_000;
const HELPER_PAUSE_MS = 100;

export interface UnlockOptions {
  readonly request: RestoreRequest;
  readonly choice: RestoreChoice;
  readonly password: PasswordOptions;
}

/**
 * Has the password checked, which begins the restore. At a terminal a wrong one may be typed again.
 * @throws AppError `wrong_password` in a script; `try_later` when there were too many wrong ones
 */
export async function unlockRestore(session: Session, options: UnlockOptions): Promise<void> {
  const given = await readPassword(session, options.password);
  if (given !== undefined) return unlock(session, options, () => Promise.resolve(requireTyped(given)));
  if (!session.interactive) throw noPasswordSource();
  for (;;) {
    try {
      return await unlock(session, options, (triesLeft) => askPassword(options.request, triesLeft));
    } catch (error) {
      if (!(error instanceof AppError) || !MAY_TRY_AGAIN.has(error.code)) throw error;
      session.print.warn(error.message);
      if (error.hint !== undefined) session.print.note(error.hint);
      if (error.code === 'try_later') await waitForTry(session, error);
    }
  }
}

const MAY_TRY_AGAIN: ReadonlySet<string> = new Set(['wrong_password', 'try_later']);

/** After too many wrong ones the next try is some time away; a person may wait for it here. */
async function waitForTry(session: Session, error: AppError): Promise<void> {
  if (error.retryAfterMs === undefined) throw error;
  const { unheard } = await import('../prompts/prompts.ts');
  session.print.note(`Waiting for ${formatDuration(error.retryAfterMs)}; Ctrl-C leaves without a restore.`);
  await unheard(delay(error.retryAfterMs + HELPER_PAUSE_MS, undefined, { ref: true }));
}

type PasswordSource = (triesLeft: number | undefined) => Promise<string>;

/** The helper is there before the password is typed, so that a wait or a fault shows first. */
async function unlock(
  session: Session,
  { request, choice }: UnlockOptions,
  source: PasswordSource,
): Promise<void> {
  const channel = await requestCheck(session, request, choice);
  const line = await openSecretLine(channel);
  let typed = '';
  try {
    typed = await source(channel.triesLeft);
    await sent(session, line.send({ password: normaliseKnownPassword(typed) }));
  } catch (error) {
    const isWrong = error instanceof AppError && error.code === 'wrong_password';
    throw isWrong ? wrongPassword(request, typed, channel.triesLeft) : withSeconds(error);
  } finally {
    line.close();
  }
}

async function sent(session: Session, verdict: Promise<void>): Promise<void> {
  if (!session.interactive) return verdict;
  const { unheard } = await import('../prompts/prompts.ts');
  return unheard(verdict);
}

async function requestCheck(
  session: Session,
  request: RestoreRequest,
  choice: RestoreChoice,
): Promise<SecretChannel> {
  const giveUpAt = session.runtime.now() + HELPER_GOES_MS;
  for (;;) {
    try {
      return await session.api.call('verifyRequest', { params: { request: request.id }, body: choice });
    } catch (error) {
      const isBusy = error instanceof AppError && error.code === 'conflict';
      if (!isBusy || session.runtime.now() > giveUpAt) throw withSeconds(error);
      await delay(HELPER_PAUSE_MS);
    }
  }
}

function requireTyped(password: string): string {
  if (password.trim() !== '') return password;
  throw new AppError('invalid_input', 'the password is empty', { field: 'password' });
}

async function askPassword(request: RestoreRequest, triesLeft: number | undefined): Promise<string> {
  const { askHidden } = await import('../prompts/prompts.ts');
  const facts = [
    ...(request.userKeyCreatedAt === undefined ? [] : [`set ${formatTime(request.userKeyCreatedAt)}`]),
    ...(triesLeft === undefined ? [] : [`${plural(triesLeft, 'try', 'tries')} left`]),
  ];
  const whose = cleanText(request.planName === undefined ? 'of this repository' : `of ${request.planName}`);
  for (;;) {
    const typed = await askHidden(`Password ${whose}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`);
    // An empty answer is a slip, not a try.
    if (typed.trim() !== '') return typed;
  }
}

function wrongPassword(request: RestoreRequest, typed: string, triesBefore: number | undefined): AppError {
  const left = triesBefore === undefined ? '' : ` ${triesText(Math.max(0, triesBefore - 1))}`;
  const made =
    request.userKeyCreatedAt === undefined
      ? ''
      : `it is the one set on ${formatTime(request.userKeyCreatedAt)}; `;
  return new AppError('wrong_password', `Wrong password. Nothing was downloaded or changed.${left}`, {
    field: 'password',
    hint: [
      `${made}look at Caps Lock and the keyboard layout; the recovery words open it too`,
      spellingHint(typed),
    ]
      .filter((each) => each !== undefined)
      .join('; '),
  });
}

function triesText(left: number): string {
  if (left === 0) return 'No try is left before a wait.';
  return `${plural(left, 'try', 'tries')} left.`;
}

function withSeconds(error: unknown): unknown {
  if (!(error instanceof AppError) || error.code !== 'try_later' || error.retryAfterMs === undefined)
    return error;
  const seconds = Math.ceil(error.retryAfterMs / 1000);
  if (error.message.includes(String(seconds))) return error;
  return new AppError(
    'try_later',
    `${error.message.replace(/[.;]$/, '')}; try again in ${plural(seconds, 'second')}`,
    {
      hint: error.hint ?? 'nothing was downloaded or changed',
      retryAfterMs: error.retryAfterMs,
      cause: error,
    },
  );
}
