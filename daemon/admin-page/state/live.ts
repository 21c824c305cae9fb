import {
  AgentEventWire,
  AppError,
  eventsPath,
  parser,
  Progress,
  type AgentEvent,
  type Status,
} from '../../../contract/index.ts';

/** The part of the browser's EventSource that is used here. */
export interface LiveEvents {
  addEventListener(type: string, listener: (message: MessageEvent<string>) => void): void;
  close(): void;
}

export interface LiveOptions {
  readonly openEvents: (path: string) => LiveEvents;
  /** @throws AppError */
  readonly loadStatus: () => Promise<Status>;
  readonly onStatus: (status: Status) => void;
  /** In order, each number once, none left out over lost connections. */
  readonly onEvent: (event: AgentEvent) => void;
  readonly onProgress: (progress: Progress) => void;
  /** `reason` where the daemon answered, but not with its status. */
  readonly onConnection: (connection: 'connecting' | 'live' | 'lost', reason?: string) => void;
  readonly onSignedOut: () => void;
  /** The daemon's numbers are lower than those already seen. */
  readonly onReset: () => void;
}

export interface Live {
  /** Connects, or connects at once instead of after the current wait. */
  start(): void;
  stop(): void;
}

const RETRY_DELAYS_MS = [300, 1_000, 2_000, 4_000, 8_000];
const eventParser = parser(AgentEventWire);
const progressParser = parser(Progress);

/** Status first, then every event after it; after a loss, every event after the last one seen. */
export function connectLive(options: LiveOptions): Live {
  let seq: number | undefined;
  let failures = 0;
  let attempt = 0;
  let source: LiveEvents | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const disconnect = () => {
    clearTimeout(timer);
    source?.close();
    source = undefined;
  };
  const retry = (error?: unknown) => {
    disconnect();
    options.onConnection('lost', reasonOf(error));
    timer = setTimeout(connect, RETRY_DELAYS_MS[Math.min(failures, RETRY_DELAYS_MS.length - 1)]);
    failures += 1;
  };
  const listen = (after: number) => {
    source = openStream(options, after, {
      open() {
        failures = 0;
        options.onConnection('live');
      },
      event(event) {
        if (event.seq <= (seq ?? 0)) return;
        seq = event.seq;
        options.onEvent(event);
      },
      lost: () => retry(),
    });
  };
  const connect = async () => {
    disconnect();
    attempt += 1;
    const thisAttempt = attempt;
    const answer = await outcomeOf(options.loadStatus());
    // Stopped, or connected again, while the answer was on its way.
    if (thisAttempt !== attempt) return;
    if ('value' in answer) begin(answer.value);
    else if (isSignedOut(answer.error)) options.onSignedOut();
    else retry(answer.error);
  };
  const begin = (status: Status) => {
    if (seq !== undefined && status.eventSeq < seq) {
      seq = status.eventSeq;
      options.onReset();
    }
    seq ??= status.eventSeq;
    options.onStatus(status);
    listen(seq);
  };
  const stop = () => {
    attempt += 1;
    disconnect();
  };
  return { start: () => void connect(), stop };
}

const outcomeOf = <T>(promise: Promise<T>): Promise<{ value: T } | { error: unknown }> =>
  promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );

interface StreamListeners {
  readonly open: () => void;
  readonly event: (event: AgentEvent) => void;
  readonly lost: () => void;
}

function openStream(options: LiveOptions, after: number, listeners: StreamListeners): LiveEvents {
  const source = options.openEvents(eventsPath(after));
  source.addEventListener('open', listeners.open);
  source.addEventListener('event', ({ data }) =>
    withJson(data, eventParser.check, (event) => listeners.event(event as AgentEvent)),
  );
  source.addEventListener('progress', ({ data }) => withJson(data, progressParser.check, options.onProgress));
  // The browser would connect again by itself, but with the first number and without asking why it was cut.
  source.addEventListener('error', listeners.lost);
  return source;
}

/** Only the session can be missing when the status is asked for: it needs no account of Space. */
const isSignedOut = (error: unknown) =>
  error instanceof AppError && (error.code === 'not_signed_in' || error.code === 'refused');

const reasonOf = (error: unknown): string | undefined =>
  error instanceof AppError && error.code !== 'daemon_not_running' ? error.message : undefined;

/** A line that is not what it should be is left out: the next status corrects what it would have changed. */
function withJson<T>(text: string, check: (value: unknown) => value is T, use: (value: T) => void): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return;
  }
  if (check(value)) use(value);
}
