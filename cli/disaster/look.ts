import { setTimeout as delay } from 'node:timers/promises';
import { AppError, fromErrorBody, type Look, type NewLook } from '../../contract/index.ts';
import { formatTime } from '../output/format.ts';
import { noPasswordSource } from '../password/new-password.ts';
import { normaliseKnownPassword, spellingHint } from '../password/rules.ts';
import { readPassword, type PasswordOptions } from '../password/sources.ts';
import { openSecretLine } from '../secret-channel.ts';
import type { Session } from '../session.ts';

const SETTLE_MS = 15_000;
const PAUSE_MS = 50;

export interface Looked {
  readonly look: Look;
  /** What opened it: it is needed once more. */
  readonly password: string;
}

/**
 * Opens a repository with its password or its recovery words and says what is in it. At a terminal a wrong one may be
 * typed again.
 * @throws AppError `wrong_password` in a script, `repository_missing`, `unreachable`, `try_later`
 */
export async function lookInto(session: Session, where: NewLook, options: PasswordOptions): Promise<Looked> {
  const given = await readPassword(session, options);
  if (given === undefined && !session.interactive) throw noPasswordSource();
  for (;;) {
    try {
      return await lookOnce(session, where, given);
    } catch (error) {
      const isWrong = error instanceof AppError && error.code === 'wrong_password';
      if (!isWrong || given !== undefined) throw error;
      session.print.warn('Wrong password. Nothing was changed, and nothing but the keys was read.');
      if (error.hint !== undefined) session.print.note(error.hint);
    }
  }
}

/** The helper waits before the password is typed, so that a place that cannot be reached shows first. */
async function lookOnce(session: Session, where: NewLook, given: string | undefined): Promise<Looked> {
  const { id, channel } = await session.api.call('createLook', { body: where });
  const line = await openSecretLine(channel);
  let typed = '';
  try {
    typed = given ?? (await ask(channel.triesLeft));
    const password = normaliseKnownPassword(typed);
    session.print.note('Looking into the repository …');
    await line.send({ password });
    return { look: await settled(session, id), password };
  } catch (error) {
    throw withSpelling(error, typed);
  } finally {
    line.close();
  }
}

function withSpelling(error: unknown, typed: string): unknown {
  const hint = spellingHint(typed);
  if (!(error instanceof AppError) || error.code !== 'wrong_password' || hint === undefined) return error;
  return new AppError(error.code, error.message, {
    hint: error.hint === undefined ? hint : `${error.hint}; ${hint}`,
    cause: error,
  });
}

async function ask(triesLeft: number | undefined): Promise<string> {
  const { askHidden } = await import('../prompts/prompts.ts');
  const left = triesLeft === undefined ? '' : `, ${triesLeft} tries left`;
  for (;;) {
    const typed = await askHidden(`Password or recovery words of the repository${left}`);
    if (typed.trim() !== '') return typed;
  }
}

/** The helper answers a moment before the daemon has written down what it found. */
async function settled(session: Session, id: string): Promise<Look> {
  const giveUpAt = session.runtime.now() + SETTLE_MS;
  for (;;) {
    const look = await session.api.call('getLook', { params: { look: id } });
    if (look.state === 'done') return look;
    if (look.error) throw fromErrorBody(look.error);
    if (session.runtime.now() > giveUpAt)
      throw new AppError('failed', 'the agent does not say what it found', { hint: 'try again' });
    await delay(PAUSE_MS);
  }
}

/** For a person who has to know that it is the right one. */
export function lookLines({ address, planName, settings, snapshots }: Look): string[] {
  const newest = snapshots[0];
  const machine = settings === undefined ? [] : [`Machine     ${settings.machine}`];
  return [
    `Repository  ${address}`,
    `Plan        ${planName}`,
    ...machine,
    newest === undefined
      ? 'Snapshots   none'
      : `Snapshots   ${snapshots.length}, the newest of ${formatTime(newest.takenAt)}`,
  ];
}
