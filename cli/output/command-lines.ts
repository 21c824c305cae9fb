import {
  cleanText,
  commandResultWords,
  commandSubject,
  commandWords,
  type SpaceCommand,
  type SpaceCommandsAnswer,
} from '../../contract/index.ts';
import { formatCount, formatRelative } from './format.ts';
import type { Look } from './job-lines.ts';
import type { Printer } from './printer.ts';
import type { Column } from './table.ts';

interface TrailLook {
  readonly print: Pick<Printer, 'table' | 'style'>;
  readonly now: number;
  /** Newer ones that were left out. */
  readonly skip: number;
}

/** The audit trail: who asked what, and what came of it. */
export function commandLines({ commands, total }: SpaceCommandsAnswer, look: TrailLook): string[] {
  const { print, now, skip } = look;
  if (total === 0) return ['Olares Space has asked nothing of this machine.'];
  const older = total - skip - commands.length;
  const next = skip + commands.length;
  return [
    print.style.bold('What Olares Space asked of this machine'),
    ...(commands.length === 0
      ? [`There are ${formatCount(total)} of them.`]
      : print.table(commands, commandColumns({ style: print.style, now }))),
    ...(older > 0 ? [`${formatCount(older)} older: --skip ${next}, or --limit for more at once`] : []),
  ];
}

/** A command that waits for a yes or no, and how to give it. */
export function askedLine(command: SpaceCommand, { style, now }: Look): string {
  const { requestCode, expiresAt } = command;
  const code = cleanText(requestCode ?? command.id, 40);
  const until = expiresAt === undefined ? '' : ` (expires ${formatRelative(expiresAt, now)})`;
  return `  ${style.bold(code)}  Space asks: ${askedWords(command)}; say yes with: ${style.link(`olares-backup request approve ${code}`)}${until}`;
}

/** E.g. `back up now, photos`. */
export function askedWords(command: SpaceCommand): string {
  // The code is how it is answered, not what it is about.
  const { requestCode: _code, ...rest } = command;
  const subject = commandSubject(rest);
  return cleanText(`${commandWords(command)}${subject === undefined ? '' : `, ${subject}`}`, 300);
}

function commandColumns({ style, now }: Look): Column<SpaceCommand>[] {
  return [
    { title: 'ASKED', cell: ({ receivedAt }) => formatRelative(receivedAt, now) },
    { title: 'WHAT', cell: commandWords },
    { title: 'ABOUT', cell: about, shrinks: true },
    {
      title: 'RESULT',
      cell: commandResultWords,
      paint: (text, { status }) => (status === 'refused' || status === 'failed' ? style.warn(text) : text),
    },
  ];
}

function about(command: SpaceCommand): string {
  const { text } = command;
  const parts = [commandSubject(command), text === undefined || text === '' ? undefined : `"${text}"`];
  return parts.filter((part) => part !== undefined).join(' ') || '—';
}
