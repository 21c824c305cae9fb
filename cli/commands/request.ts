import type { Command } from 'commander';
import { cleanText, type RestoreRequest, type SpaceCommand } from '../../contract/index.ts';
import { askedLine, askedWords, commandLines } from '../output/command-lines.ts';
import { requestColumns, requestLines } from '../output/request-lines.ts';
import { requireConsent } from '../prompts/consent.ts';
import { wholeNumber } from '../parse/option-values.ts';
import type { OpenSession, Session } from '../session.ts';

export function registerRequest(program: Command, open: OpenSession): void {
  const request = program
    .command('request')
    .description('what waits for you: show, approve, decline; undo restores');
  request
    .command('list')
    .alias('ls')
    .description('list the restores and commands that wait for you')
    .option('--all', 'those that ended, too, and all else that Olares Space asked')
    .option('--limit <n>', 'at most so many of what Olares Space asked', wholeNumber('--limit', 1, 1000), 20)
    .option('--skip <n>', 'leave out so many newer ones', wholeNumber('--skip', 0, 1e9), 0)
    .action(async (options: ListOptions, command: Command) => {
      const session = open(command);
      if (options.all) return await listAll(session, options);
      const { requests, asked } = await session.api.call('getStatus');
      session.print.result(requests, () => [
        ...requestTable(requests, session, 'No restore waits for you.'),
        ...(asked.length === 0 ? [] : ['', ...askedSection(asked, session)]),
      ]);
    });
  request
    .command('show')
    .description('show one that waits')
    .argument('<code>', 'its code, e.g. 7F3K')
    .action(async (code: string, _options: object, command: Command) => {
      const session = open(command);
      const asked = await findAsked(session, code);
      if (asked) return session.print.result(asked, () => askedSection([asked], session));
      const { api, print, runtime } = session;
      const found = await api.call('getRequest', { params: { request: code } });
      print.result(found, () => requestLines(found, { print, now: runtime.now() }));
    });
  registerAnswers(request, open);
  registerUndo(request, open);
}

function registerAnswers(request: Command, open: OpenSession): void {
  request
    .command('approve')
    .description(
      'let Space do what it asks for (a restore is approved by its password: olares-backup restore CODE)',
    )
    .argument('<code>', 'its code, e.g. 7F3KQ')
    .action(async (code: string, _options: object, command: Command) => {
      const session = open(command);
      const answered = await session.api.call('answerSpaceCommand', {
        params: { command: code },
        body: { allow: true },
      });
      session.print.result(answered, () => [`Approved: ${askedWords(answered)}.`]);
    });
  request
    .command('decline')
    .description('decline what waits; nothing is changed on this machine')
    .argument('<code>', 'its code, e.g. 7F3K')
    .option('--reason <text>', 'why, for whoever asked')
    .action(async (code: string, { reason }: { reason?: string }, command: Command) => {
      const session = open(command);
      const asked = await findAsked(session, code);
      const what = asked ? `"${askedWords(asked)}"` : `the restore ${cleanText(code, 40)}`;
      if (session.interactive) {
        const untouched = 'the request still waits';
        await requireConsent(session, { message: `Decline ${what}?`, untouched });
      }
      const why = reason === undefined ? {} : { reason };
      const declined = asked
        ? await session.api.call('answerSpaceCommand', {
            params: { command: asked.id },
            body: { allow: false, ...why },
          })
        : await session.api.call('declineRequest', { params: { request: code }, body: why });
      session.print.result(declined, () => [`Declined ${cleanText(code, 40)}. Nothing was changed.`]);
    });
}

async function findAsked({ api }: Session, code: string): Promise<SpaceCommand | undefined> {
  const { asked } = await api.call('getStatus');
  return asked.find(({ id, requestCode }) => id === code || requestCode === code.toUpperCase());
}

function askedSection(asked: readonly SpaceCommand[], { print, runtime }: Session): string[] {
  return asked.map((command) => askedLine(command, { style: print.style, now: runtime.now() }));
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
