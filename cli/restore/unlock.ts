import { AppError, type RestoreChoice, type RestoreRequest } from '../../contract/index.ts';
import { formatTime, plural } from '../output/format.ts';
import { noPasswordSource } from '../password/new-password.ts';
import { normaliseKnownPassword } from '../password/rules.ts';
import { readPassword, type PasswordOptions } from '../password/sources.ts';
import { sendSecret } from '../secret-channel.ts';
import type { Session } from '../session.ts';

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
  if (given !== undefined) return tryPassword(session, options, given);
  if (!session.interactive) throw noPasswordSource();
  for (;;) {
    try {
      // A person may take longer to type than a helper waits, so the helper is started after the typing.
      return await tryPassword(session, options, await askPassword(options.request));
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'wrong_password') throw error;
      session.print.warn(error.message);
      if (error.hint !== undefined) session.print.note(error.hint);
    }
  }
}

async function tryPassword(
  session: Session,
  { request, choice }: UnlockOptions,
  typed: string,
): Promise<void> {
  const password = normaliseKnownPassword(typed);
  if (password === '') throw new AppError('invalid_input', 'the password is empty', { field: 'password' });
  let triesLeft: number | undefined;
  try {
    const channel = await session.api.call('verifyRequest', {
      params: { request: request.id },
      body: choice,
    });
    triesLeft = channel.triesLeft;
    await sendSecret(channel, { password });
  } catch (error) {
    const isWrong = error instanceof AppError && error.code === 'wrong_password';
    throw isWrong ? wrongPassword(request, triesLeft) : withSeconds(error);
  }
}

async function askPassword(request: RestoreRequest): Promise<string> {
  const { askHidden } = await import('../prompts/prompts.ts');
  const made = request.userKeyCreatedAt === undefined ? '' : ` (set ${formatTime(request.userKeyCreatedAt)})`;
  const whose = request.planName === undefined ? 'of this repository' : `of ${request.planName}`;
  for (;;) {
    const typed = await askHidden(`Password ${whose}${made}`);
    // An empty answer is a slip, not a try.
    if (typed.trim() !== '') return typed;
  }
}

function wrongPassword(request: RestoreRequest, triesBefore: number | undefined): AppError {
  const left = triesBefore === undefined ? '' : ` ${triesText(Math.max(0, triesBefore - 1))}`;
  const made =
    request.userKeyCreatedAt === undefined
      ? ''
      : `it is the one set on ${formatTime(request.userKeyCreatedAt)}; `;
  return new AppError('wrong_password', `Wrong password. Nothing was downloaded or changed.${left}`, {
    field: 'password',
    hint: `${made}look at Caps Lock and the keyboard layout; the recovery words open it too`,
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
