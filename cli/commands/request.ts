import type { Command } from 'commander';
import { cleanText, type RestoreRequest } from '../../contract/index.ts';
import { commandLines } from '../output/command-lines.ts';
import { requestColumns, requestLines } from '../output/request-lines.ts';
import { requireConsent } from '../prompts/consent.ts';
import { wholeNumber } from '../parse/option-values.ts';
import type { OpenSession, Session } from '../session.ts';

export function registerRequest(program: Command, open: OpenSession): void {
  const request = program.command('request').description('show, decline and undo restores');
  request
    .command('list')
    .alias('ls')
    .description('list the restores that wait for you')
    .option('--all', 'those that ended, too, and all else that Olares Space asked')
    .option('--limit <n>', 'at most so many of what Olares Space asked', wholeNumber('--limit', 1, 1000), 20)
    .option('--skip <n>', 'leave out so many newer ones', wholeNumber('--skip', 0, 1e9), 0)
    .action(async (options: ListOptions, command: Command) => {
      const session = open(command);
      if (options.all) return await listAll(session, options);
      const requests = await session.api.call('listRequests', {});
      session.print.result(requests, () => requestTable(requests, session, 'No restore waits for you.'));
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
  registerUndo(request, open);
}

interface ListOptions {
  readonly all?: boolean;
  readonly limit: number;
  readonly skip: number;
}

async function listAll(session: Session, { limit, skip }: ListOptions): Promise<void> {
  const { api, print, runtime } = session;
  const [requests, asked] = await Promise.all([
    api.call('listRequests', { query: { all: true } }),
    api.call('listSpaceCommands', { query: { limit, after: skip } }),
  ]);
  print.result({ requests, spaceCommands: asked.commands, spaceCommandsTotal: asked.total }, () => [
    ...requestTable(requests, session, 'No restore was asked for.'),
    '',
    ...commandLines(asked, { print, now: runtime.now(), skip }),
  ]);
}

function requestTable(requests: readonly RestoreRequest[], session: Session, none: string): string[] {
  const { print, runtime } = session;
  if (requests.length === 0) return [none];
  return print.table(requests, requestColumns({ style: print.style, now: runtime.now() }));
}

function registerUndo(request: Command, open: OpenSession): void {
  request
    .command('undo')
    .description('put back the files that a restore in place has replaced')
    .argument('<code>', 'its code, e.g. 7F3K')
    .action(async (code: string, _options: object, command: Command) => {
      const session = open(command);
      const params = { request: code };
      const { undoPath, choice } = await session.api.call('getRequest', { params });
      if (undoPath !== undefined) {
        await requireConsent(session, {
          message:
            `Put ${cleanText(undoPath, 4096)} back in place of what is in ` +
            `${cleanText(choice?.target ?? 'its target', 4096)}? What is there now is kept beside it.`,
          untouched: 'nothing was moved',
        });
      }
      const undone = await session.api.call('undoRequest', { params });
      session.print.result(undone, () => [
        `${cleanText(undone.code, 40)}: ${cleanText(undone.reason ?? 'undone', 8192)}`,
      ]);
    });
}
