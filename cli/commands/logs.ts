import type { Command } from 'commander';
import type { AgentEvent } from '../../contract/index.ts';
import { readEvents } from '../event-stream.ts';
import { eventLine } from '../output/event-line.ts';
import { wholeNumber } from '../parse/option-values.ts';
import type { OpenSession, Session } from '../session.ts';

interface LogsOptions {
  readonly follow?: boolean;
  readonly lines: number;
}

/** The history may have been cut short; after this much silence nothing old is left to come. */
const SILENCE_MS = 2_000;

export function registerLogs(program: Command, open: OpenSession): void {
  program
    .command('logs')
    .description('show what happened, the newest last')
    .option('-f, --follow', 'go on showing what happens until Ctrl-C')
    .option('-n, --lines <n>', 'how many of the latest to show', wholeNumber('--lines', 0, 100_000), 50)
    .addHelpText('after', "\nThe daemon's own log of what it does inside: journalctl -u olares-backupd")
    .action(async (options: LogsOptions, command: Command) => {
      const session = open(command);
      if (options.follow) await followLog(session, options.lines);
      else await showLog(session, options.lines);
    });
}

async function showLog(session: Session, lines: number): Promise<void> {
  const { eventSeq } = await session.api.call('getStatus');
  const events: AgentEvent[] = [];
  if (eventSeq > 0 && lines > 0)
    await collect(session, { after: Math.max(0, eventSeq - lines), last: eventSeq }, events);
  // One document even here: a script that wants lines says --follow.
  session.print.result(events, () =>
    events.length > 0
      ? events.map((event) => eventLine(event, session.print.style))
      : ['Nothing happened yet.'],
  );
}

async function collect(
  session: Session,
  { after, last }: { after: number; last: number },
  events: AgentEvent[],
): Promise<void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    for await (const item of readEvents(session.transport, after, silence.signal)) {
      if (item.type !== 'event') continue;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      events.push(item.event);
      if (item.event.seq >= last) break;
    }
  } finally {
    clearTimeout(timer);
  }
}

async function followLog(session: Session, lines: number): Promise<void> {
  const stop = new AbortController();
  const stopListening = session.runtime.onInterrupt(() => stop.abort());
  try {
    const { eventSeq } = await session.api.call('getStatus');
    for await (const item of readEvents(session.transport, Math.max(0, eventSeq - lines), stop.signal)) {
      if (item.type === 'progress') continue;
      session.print.item(item.event, () => [eventLine(item.event, session.print.style)]);
    }
    if (!stop.signal.aborted) session.print.warn('the agent stopped, so its history ends here');
  } finally {
    stopListening();
  }
}
