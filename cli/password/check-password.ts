import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../../contract/index.ts';
import { openSecretLine } from '../secret-channel.ts';
import type { Session } from '../session.ts';
import { noPasswordSource } from './new-password.ts';
import { normaliseKnownPassword } from './rules.ts';
import { readPassword, type PasswordOptions } from './sources.ts';

const SETTLE_MS = 5_000;
const PAUSE_MS = 50;

/**
 * Has a password tried on the local copy of the keys. At a terminal a wrong one may be typed again.
 * @returns when it was proven
 * @throws AppError `wrong_password` in a script, `try_later` after too many wrong ones
 */
export async function checkPassword(
  session: Session,
  plan: string,
  options: PasswordOptions,
): Promise<number> {
  const given = await readPassword(session, options);
  if (given === undefined && !session.interactive) throw noPasswordSource();
  const before = (await session.api.call('getPlan', { params: { plan } })).passwordProvenAt ?? 0;
  for (;;) {
    try {
      await tryOnce(session, plan, given);
      return await provenAfter(session, plan, before);
    } catch (error) {
      const isWrong = error instanceof AppError && error.code === 'wrong_password';
      if (!isWrong || given !== undefined) throw isWrong ? wrong() : error;
      session.print.warn('Wrong password.');
      session.print.note(HINT);
    }
  }
}

const HINT = 'look at Caps Lock and the keyboard layout; the recovery words count too';
const wrong = () =>
  new AppError('wrong_password', 'this is not the password', {
    field: 'password',
    hint: `${HINT}. While this machine runs, a lost one can be replaced: olares-backup key change-password`,
  });

async function tryOnce(session: Session, plan: string, given: string | undefined): Promise<void> {
  const channel = await session.api.call('provePassword', { params: { plan } });
  const line = await openSecretLine(channel);
  try {
    await line.send({ password: normaliseKnownPassword(given ?? (await ask(channel.triesLeft))) });
  } finally {
    line.close();
  }
}

async function ask(triesLeft: number | undefined): Promise<string> {
  const { askHidden } = await import('../prompts/prompts.ts');
  for (;;) {
    const typed = await askHidden(`Password (${triesLeft ?? 'some'} tries left)`);
    if (typed.trim() !== '') return typed;
  }
}

/** The helper answers a moment before the daemon has written it down. */
async function provenAfter(session: Session, plan: string, before: number): Promise<number> {
  const giveUpAt = session.runtime.now() + SETTLE_MS;
  for (;;) {
    const { passwordProvenAt = 0 } = await session.api.call('getPlan', { params: { plan } });
    if (passwordProvenAt > before || session.runtime.now() > giveUpAt) return passwordProvenAt;
    await delay(PAUSE_MS);
  }
}
