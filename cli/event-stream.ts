import type { IncomingMessage } from 'node:http';
import {
  AgentEventWire,
  AppError,
  eventsPath,
  parser,
  Progress,
  type AgentEvent,
} from '../contract/index.ts';
import type { SocketTransport } from './transport.ts';

export type StreamItem =
  | { readonly type: 'event'; readonly event: AgentEvent }
  | { readonly type: 'progress'; readonly progress: Progress };

const events = parser(AgentEventWire);
const progresses = parser(Progress);

/** A server that sends one line without an end would otherwise fill the memory. */
const LONGEST_MESSAGE = 16 * 1024 * 1024;

/**
 * The daemon's events after number `after`, and live progress, until the stream ends or `signal` aborts.
 * @throws AppError as the transport does, and `failed` for what is no event stream
 */
export async function* readEvents(
  transport: SocketTransport,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<StreamItem> {
  const answer = await transport.open({ method: 'GET', path: eventsPath(after) }, signal);
  // Quiet hours are normal here.
  answer.socket.setTimeout(0);
  if (answer.statusCode !== 200) {
    answer.destroy();
    throw new AppError('failed', `the agent refused its events with HTTP ${answer.statusCode}`);
  }
  try {
    for await (const { name, data } of messages(answer)) {
      const item = toItem(name, data);
      if (item) yield item;
    }
  } catch (error) {
    // The stream ends with the daemon or with our wish; whoever reads decides what an end means.
    if (error instanceof AppError) throw error;
  } finally {
    answer.destroy();
  }
}

async function* messages(answer: IncomingMessage): AsyncGenerator<{ name: string; data: string }> {
  answer.setEncoding('utf8');
  let rest = '';
  for await (const piece of answer) {
    rest += piece;
    if (rest.length > LONGEST_MESSAGE) throw new AppError('failed', 'the agent sent an endless event');
    const blocks = rest.split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? '';
    yield* blocks.map(toMessage);
  }
}

function toMessage(block: string): { name: string; data: string } {
  const fields = block.split(/\r?\n/).map((line) => /^([a-z]+): ?(.*)$/s.exec(line));
  const valuesOf = (key: string) => fields.flatMap((field) => (field?.[1] === key ? [field[2] ?? ''] : []));
  return { name: valuesOf('event').at(-1) ?? 'message', data: valuesOf('data').join('\n') };
}

function toItem(name: string, data: string): StreamItem | undefined {
  if (data === '') return undefined;
  if (name === 'progress') return { type: 'progress', progress: progresses.parse(toJson(data), 'progress') };
  if (name !== 'event') return undefined;
  return { type: 'event', event: events.parse(toJson(data), 'event') as AgentEvent };
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AppError('failed', 'the agent sent an event that is no JSON', { cause: error });
  }
}
