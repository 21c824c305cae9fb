import type { Command } from 'commander';
import { statusLines } from '../output/status-lines.ts';
import type { OpenSession } from '../session.ts';

export function registerStatus(program: Command, open: OpenSession): void {
  program
    .command('status')
    .description('show how the backups of this machine are')
    .action(async (_options: object, command: Command) => {
      const { api, print } = open(command);
      const status = await api.call('getStatus');
      print.result(status, () => statusLines(status, print));
    });
}
