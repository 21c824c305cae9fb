import type { Command } from 'commander';
import { AppError } from '../../contract/index.ts';
import type { OpenSession } from '../session.ts';

export function registerVersion(program: Command, open: OpenSession): void {
  program
    .command('version')
    .description('show the versions of this program, the agent and restic')
    .action(async (_options: object, command: Command) => {
      const { api, print, runtime } = open(command);
      const status = await api.call('getStatus').catch((error: unknown) => {
        if (error instanceof AppError) return error;
        throw error;
      });
      const agent = status instanceof AppError ? undefined : status;
      const versions = { cli: runtime.version, agent: agent?.version, restic: agent?.engineVersion };
      print.result(versions, () =>
        print.fields([
          ['olares-backup', runtime.version],
          ['olares-backupd', agent?.version ?? `unknown: ${(status as AppError).message}`],
          ['restic', agent?.engineVersion],
        ]),
      );
    });
}
