import type { Command } from 'commander';
import type { OpenSession } from '../session.ts';
import { formatRelative } from '../output/format.ts';

export function registerOpen(program: Command, open: OpenSession): void {
  program
    .command('open')
    .summary('print a link that opens the page of this agent')
    .description('Prints a link that opens the page of this agent once, in a browser on this machine.')
    .action(async (_options: object, command: Command) => {
      const { api, print, runtime } = open(command);
      const code = await api.call('createSessionCode');
      print.result(code, () => [print.style.link(code.url)]);
      print.note(
        `Works once, for a short time (it expires ${formatRelative(code.expiresAt, runtime.now())}).`,
      );
    });
}
