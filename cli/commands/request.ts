import type { Command } from 'commander';
import { cleanText } from '../../contract/index.ts';
import { requestColumns, requestLines } from '../output/request-lines.ts';
import { requireConsent } from '../prompts/consent.ts';
import type { OpenSession } from '../session.ts';

export function registerRequest(program: Command, open: OpenSession): void {
  const request = program.command('request').description('show and decline restores that wait for you');
  request
    .command('list')
    .alias('ls')
    .description('list the restores that wait for you')
    .option('--all', 'those that ended, too')
    .action(async (options: { all?: boolean }, command: Command) => {
      const { api, print, runtime } = open(command);
      const requests = await api.call('listRequests', options.all ? { query: { all: true } } : {});
      print.result(requests, () =>
        requests.length > 0
          ? print.table(requests, requestColumns({ style: print.style, now: runtime.now() }))
          : ['No restore waits for you.'],
      );
    });
  request
    .command('show')
    .description('show one restore request')
    .argument('<code>', 'its code, e.g. 7F3K')
    .action(async (code: string, _options: object, command: Command) => {
      const { api, print, runtime } = open(command);
      const found = await api.call('getRequest', { params: { request: code } });
      print.result(found, () => requestLines(found, print, undefined, runtime.now()));
    });
  request
    .command('decline')
    .description('decline a restore; nothing is changed on this machine')
    .argument('<code>', 'its code, e.g. 7F3K')
    .option('--reason <text>', 'why, for whoever asked')
    .action(async (code: string, options: { reason?: string }, command: Command) => {
      const session = open(command);
      if (session.interactive) {
        await requireConsent(session, {
          message: `Decline the restore ${cleanText(code, 40)}?`,
          untouched: 'the request still waits',
        });
      }
      const declined = await session.api.call('declineRequest', {
        params: { request: code },
        body: options.reason === undefined ? {} : { reason: options.reason },
      });
      session.print.result(declined, () => [
        `Declined ${cleanText(declined.code, 40)}. Nothing was changed.`,
      ]);
    });
}
