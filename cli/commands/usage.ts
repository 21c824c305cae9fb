import type { Command } from 'commander';
import { usageLines } from '../output/usage-lines.ts';
import type { OpenSession } from '../session.ts';

export function registerUsage(program: Command, open: OpenSession): void {
  program
    .command('usage')
    .description('show how much storage is used')
    .option('--refresh', 'ask Space now')
    .action(async (options: { refresh?: boolean }, command: Command) => {
      const { api, print, runtime } = open(command);
      const usage = await api.call('getUsage', options.refresh ? { query: { refresh: true } } : {});
      print.result(usage, () => usageLines(usage, print, runtime.now()));
    });
}
