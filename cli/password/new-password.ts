import { AppError } from '../../contract/index.ts';
import type { Session } from '../session.ts';
import { normalisePassword, requireUsablePassword } from './rules.ts';
import { readPassword, type PasswordOptions } from './sources.ts';

export interface NewPasswordOptions extends PasswordOptions {
  readonly allowWeakPassword?: boolean;
}

/**
 * The password for a new key: from a flag, or typed twice, or six words that we offer first.
 * @throws AppError `invalid_input` for one that is not usable or too weak
 */
export async function newPassword(session: Session, options: NewPasswordOptions): Promise<string> {
  const given = await readPassword(session, options);
  if (given !== undefined) return checkNewPassword(session, given, options);
  if (!session.interactive) throw noPasswordSource();
  const { selectOne } = await import('../prompts/prompts.ts');
  const kind = await selectOne('How shall the snapshots be protected?', [
    { value: 'phrase', name: 'Six random words, made now (strong, and easy to write down)' },
    { value: 'own', name: 'A password of my own' },
  ]);
  return kind === 'phrase' ? offerPhrase(session) : typeOwn(session, options);
}

async function offerPhrase(session: Session): Promise<string> {
  const [{ randomWords }, { askHidden, showSecretScreen }] = await Promise.all([
    import('./words.ts'),
    import('../prompts/prompts.ts'),
  ]);
  const phrase = randomWords(session.runtime.randomInt).join(' ');
  for (;;) {
    const lines = ['Your password, with one space between the words:', '', `    ${phrase}`, ''];
    await showSecretScreen(lines, 'Write it down or store it, then press Enter. You type it next.');
    const typed = normalisePassword(await askHidden('The six words'));
    if (typed.trim().split(/\s+/).join(' ').toLowerCase() === phrase) return phrase;
    session.print.warn('these are not the words; they are shown again');
  }
}

async function typeOwn(session: Session, options: NewPasswordOptions): Promise<string> {
  const { askHidden } = await import('../prompts/prompts.ts');
  for (;;) {
    try {
      const password = await checkNewPassword(session, await askHidden('New password'), options);
      if (normalisePassword(await askHidden('The same again')) === password) return password;
      session.print.warn('these two were not the same');
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'invalid_input') throw error;
      session.print.warn(error.message);
    }
  }
}

async function checkNewPassword(
  session: Session,
  typed: string,
  options: NewPasswordOptions,
): Promise<string> {
  const password = normalisePassword(typed);
  requireUsablePassword(password);
  const { weaknessOf } = await import('./strength.ts');
  const weakness = weaknessOf(password);
  if (weakness === undefined) return password;
  if (!options.allowWeakPassword) {
    throw new AppError('invalid_input', `the password is too weak: ${weakness}`, {
      field: 'password',
      hint: 'six random words are strong enough and easy to write down',
    });
  }
  session.print.warn(`the password is weak: ${weakness}. Whoever gets the storage can try it out.`);
  return password;
}

export function noPasswordSource(): AppError {
  return new AppError('invalid_input', 'a password is needed and there is no terminal to ask at', {
    field: 'password',
    hint: 'give it by --password-file FILE, --password-stdin or --password-fd N',
  });
}
