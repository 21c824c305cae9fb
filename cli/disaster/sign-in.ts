import { AppError } from '../../contract/index.ts';
import { loginBody } from '../commands/login.ts';
import type { Session } from '../session.ts';

export interface SignInOptions {
  readonly space?: string;
  readonly code?: string;
  readonly did?: string;
  readonly tokenFile?: string;
  readonly clusterId?: string;
}

/**
 * Storage at Olares Space opens only to its account.
 * @throws AppError `not_signed_in` in a script that does not say how
 */
export async function signIn(session: Session, options: SignInOptions): Promise<void> {
  const { account } = await session.api.call('getStatus');
  if (account?.state === 'signed-in' && options.space === undefined) return;
  const given =
    options.space === undefined ? await askAccount(session) : { ...options, space: options.space };
  const signedIn = await session.api.call('login', { body: await loginBody(session, given) });
  session.print.note(`Signed in to ${signedIn.spaceUrl} as ${signedIn.olaresName ?? signedIn.userid}`);
}

async function askAccount(session: Session): Promise<{ space: string; code: string }> {
  if (!session.interactive) {
    throw new AppError('not_signed_in', 'the backup is at Olares Space, and nobody is signed in here', {
      field: '--space',
      hint: 'add --space URL --code CODE, or --space URL --did DID --token-file FILE',
    });
  }
  session.print.note('The backup is at Olares Space. Open its page on any device and make a pairing code.');
  const { askText } = await import('../prompts/prompts.ts');
  const space = (await askText('Address of the Space (https://…)')).trim();
  return { space, code: (await askText('Pairing code')).trim() };
}
