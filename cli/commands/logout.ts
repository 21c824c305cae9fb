import type { Command } from 'commander';
import { requireConsent } from '../prompts/consent.ts';
import type { OpenSession } from '../session.ts';

export function registerLogout(program: Command, open: OpenSession): void {
  program
    .command('logout')
    .summary('disconnect this machine from its Space')
    .description(
      'Disconnects this machine from its Space. Plans and snapshots stay; plans on Space wait until you sign in again.',
    )
    .action(async (_options: object, command: Command) => {
      const session = open(command);
      await requireConsent(session, {
        message: 'Sign out? Plans that store on Space stop until you sign in again.',
        untouched: 'this machine is still signed in',
      });
      await session.api.call('logout');
      session.print.result({ signedIn: false }, () => ['Signed out. Plans and snapshots stay as they are.']);
    });
}
