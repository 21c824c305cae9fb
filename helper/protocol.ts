import type { Readable, Writable } from 'node:stream';
import { AppError, toErrorBody } from '../contract/errors.ts';
import {
  HelperInput,
  HelperRequest,
  VERB_PROGRAMS,
  type HelperOutput,
  type HelperProgram,
  type HelperProgress,
  type StorageCredentials,
} from '../contract/helper-messages.ts';
import { rareParser } from '../contract/schema.ts';
import { cancelled, interrupted } from './engine/exit-codes.ts';
import { readLines } from './engine/lines.ts';
import type { Output, Session } from './session.ts';

const PROGRESS_INTERVAL_MS = 1_000;

export interface Surroundings extends Pick<Session, 'stateDir' | 'clock' | 'places'> {
  readonly program: HelperProgram;
  readonly input: Readable;
  readonly output: Writable;
  /** Aborts at SIGTERM and SIGINT. */
  readonly stop: AbortSignal;
  /** Does the work of a request. */
  readonly handle: (request: HelperRequest, session: Session) => Promise<unknown>;
  /** Called when the request is not there at once: this helper was started ahead of it. */
  readonly preload?: () => Promise<void>;
}

/** A request that was sent with the start is there by then. */
const AHEAD_MS = 5;

/** Serves one request from the input; resolves when its answer is written. Never rejects. */
export async function serve(surroundings: Surroundings): Promise<void> {
  const { input, output, stop } = surroundings;
  const cancel = new AbortController();
  const inbox = readInput(input, cancel);
  stop.addEventListener('abort', () => cancel.abort(interrupted()), { once: true });
  if (stop.aborted) cancel.abort(interrupted());
  const writer = createWriter(output, surroundings.clock);
  const after: ((error: unknown) => Promise<void>)[] = [];
  loadAhead(surroundings, inbox);
  const error = await answer(surroundings, { inbox, cancel: cancel.signal, writer, after });
  for (const action of after) await action(error);
  await writer.end();
  input.destroy();
}

function loadAhead({ preload }: Surroundings, { request }: Inbox): void {
  if (!preload) return;
  // What fails to load now fails again when it is needed, and is reported then.
  const timer = setTimeout(() => void preload().catch(() => undefined), AHEAD_MS);
  const stop = () => clearTimeout(timer);
  request.then(stop, stop);
}

interface Exchange {
  readonly inbox: Inbox;
  readonly cancel: AbortSignal;
  readonly writer: Writer;
  readonly after: ((error: unknown) => Promise<void>)[];
}

/** Answers with the error that was written, if it was one. */
async function answer(
  surroundings: Surroundings,
  { inbox, cancel, writer, after }: Exchange,
): Promise<unknown> {
  try {
    const request = parseRequest(await inbox.request, surroundings.program);
    const result = await surroundings.handle(request, {
      stateDir: surroundings.stateDir,
      clock: surroundings.clock,
      places: surroundings.places,
      cancel,
      output: writer,
      onCredentials: inbox.onCredentials,
      afterAnswer: (action) => after.push(action),
    });
    await writer.send({ type: 'result', result });
    return undefined;
  } catch (caught) {
    const error = cancel.aborted && !(caught instanceof AppError) ? cancelled(caught) : caught;
    await logCause(writer, error);
    await writer.send({ type: 'error', error: toErrorBody(error) });
    return error;
  }
}

/** What a person does not see but somebody who looks for the fault needs. */
async function logCause(writer: Writer, error: unknown): Promise<void> {
  const cause = error instanceof AppError ? error.cause : error;
  if (cause instanceof Error)
    await writer.send({ type: 'log', level: 'warn', message: cause.stack ?? cause.message });
}

function parseRequest(line: string, program: HelperProgram): HelperRequest {
  const value: unknown = parseJson(line);
  const verb = typeof value === 'object' && value !== null && 'verb' in value ? value.verb : undefined;
  // Only the one shape is looked at: a start of the helper counts in every job.
  const shape = HelperRequest.anyOf.find((shape) => shape.properties.verb.const === verb);
  if (!shape) {
    throw new AppError(
      'invalid_input',
      `the request names no verb of the helper: ${String(verb).slice(0, 40)}`,
      { field: 'verb' },
    );
  }
  const request = rareParser(shape).parse(value, 'helper request') as HelperRequest;
  if (VERB_PROGRAMS[request.verb] !== program) {
    throw new AppError('invalid_input', `"${request.verb}" is no verb of the program ${program}`, {
      field: 'verb',
    });
  }
  return request;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new AppError('invalid_input', 'the request is no JSON line', { cause: error });
  }
}

interface Inbox {
  readonly request: Promise<string>;
  onCredentials(listener: (credentials: StorageCredentials) => void): () => void;
}

/** First line: the request. Further lines: credentials or cancel. The end: cancel. */
function readInput(input: Readable, cancel: AbortController): Inbox {
  const listeners = new Set<(credentials: StorageCredentials) => void>();
  const message = rareParser(HelperInput);
  const onInput = (line: string) => {
    const value = tryJson(line);
    if (!message.check(value)) return cancel.abort(cancelled());
    if (value.type === 'cancel') return cancel.abort(value.keep ? interrupted() : cancelled());
    for (const listener of listeners) listener(value.credentials);
  };
  const request = new Promise<string>((resolve, reject) => {
    let onLine = (line: string) => {
      onLine = onInput;
      resolve(line);
    };
    void readLines(input, (line) => onLine(line)).then(() => {
      reject(new AppError('invalid_input', 'the input ended before a request came'));
      cancel.abort(interrupted());
    });
  });
  return {
    request,
    onCredentials(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function tryJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // A daemon that speaks nonsense is as good as gone: the caller cancels.
    return undefined;
  }
}

interface Writer extends Output {
  send(message: HelperOutput): Promise<void>;
  end(): Promise<void>;
}

function createWriter(output: Writable, clock: () => number): Writer {
  let isOpen = true;
  let progressAt = 0;
  let phase: HelperProgress['phase'] | undefined;
  // The daemon may be gone; its absence shows at the end of our input.
  output.on('error', () => (isOpen = false));
  const send = (message: HelperOutput): Promise<void> =>
    new Promise((resolve) => {
      if (!isOpen) return resolve();
      output.write(`${JSON.stringify(message)}\n`, () => resolve());
    });
  return {
    send,
    ready: () => void send({ type: 'ready' }),
    log: (level, message) => void send({ type: 'log', level, message }),
    entries: (entries) => send({ type: 'entries', entries }),
    kept: (undoPath) => void send({ type: 'kept', ...(undoPath !== undefined && { undoPath }) }),
    credentialsNeeded: () => void send({ type: 'credentials-needed' }),
    progress(progress: HelperProgress) {
      // A new phase always: whether files were put in place yet decides what a person is told after a crash.
      if (progress.phase === phase && clock() - progressAt < PROGRESS_INTERVAL_MS) return;
      phase = progress.phase;
      progressAt = clock();
      void send({ type: 'progress', progress });
    },
    end: () => new Promise((resolve) => (isOpen ? output.end(() => resolve()) : resolve())),
  };
}
