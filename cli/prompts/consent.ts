import { AppError } from '../../contract/index.ts';
import type { Session } from '../session.ts';

export interface Question {
  readonly message: string;
  /** What did not happen, for whoever answers no. */
  readonly untouched: string;
}

/**
 * Goes on only with a yes: `--yes`, or a person's.
 * @throws AppError `refused` after a no, `invalid_input` where nobody can be asked
 */
export async function requireConsent(session: Session, { message, untouched }: Question): Promise<void> {
  if (session.yes) return;
  if (!session.interactive) {
    throw new AppError('invalid_input', `this needs a yes: ${message}`, {
      field: '--yes',
      hint: 'add --yes to say it',
    });
  }
  const { askConfirm } = await import('./prompts.ts');
  if (!(await askConfirm(message))) throw new AppError('refused', `not confirmed; ${untouched}`);
}
