import {
  AppError,
  ERROR_CODES,
  fromErrorBody,
  HelperOutput,
  HelperResults,
  parser,
  type ErrorBody,
  type HelperInput,
  type HelperProgress,
  type HelperRequest,
  type HelperVerb,
  type Parser,
} from '../../contract/index.ts';
import type { Log } from '../base/log.ts';
import { supplyCredentials } from './credential-supply.ts';
import type { HelperProcess, RunOptions } from './engine.ts';

const outputParser = parser(HelperOutput);
const resultParsers = new Map<HelperVerb, Parser<unknown>>();

export interface HelperRunOptions {
  readonly helper: HelperProcess;
  readonly request: HelperRequest;
  readonly run: RunOptions;
  readonly log: Log;
  /** From the wish to stop to the hard end, milliseconds. */
  readonly cancelGraceMs: number;
  /** From the answer to the hard end of a helper that does not exit, milliseconds. */
  readonly exitGraceMs: number;
  /** How long a run waits for somebody to sign in again, milliseconds. */
  readonly signInPatienceMs: number | undefined;
  /** Ends what a helper that is gone left behind. Never rejects. */
  readonly tidy: () => Promise<void>;
}

type Answer = { readonly result: unknown } | { readonly error: AppError };

export interface HelperRun {
  /**
   * As soon as the helper has said it, although it may still have something to tell a terminal.
   * @throws AppError as the helper answered; `cancelled` when it was stopped before an answer; `failed` when it ended
   *   without one; then after all it left behind has ended, so that a next try does not meet it
   */
  readonly answer: Promise<unknown>;
  /** The helper is gone, and all it left behind. Never rejects. */
  readonly ended: Promise<void>;
}

/** One exchange with one helper. */
export function runHelper(options: HelperRunOptions): HelperRun {
  const { helper, request, run } = options;
  const timers = new Set<NodeJS.Timeout>();
  const killAfter = (delayMs: number): void => {
    timers.add(setTimeout(() => helper.kill(), delayMs));
  };
  const over = new AbortController();
  const onAbort = (): void => {
    // The engine and the jobs say why: `cancel` by a person, `interrupt` by the end of the agent.
    send(helper, { type: 'cancel', ...(run.signal?.reason === 'interrupt' && { keep: true }) });
    killAfter(options.cancelGraceMs);
  };
  run.signal?.addEventListener('abort', onAbort, { once: true });
  helper.send(JSON.stringify(request));
  const first = firstAnswer();
  first.promise.then(
    () => killAfter(options.exitGraceMs),
    () => undefined,
  );
  const ended = exchange(options, { over: over.signal, stop: onAbort, onAnswer: first.settle }).then(
    async ({ broken, ...end }) => {
      run.signal?.removeEventListener('abort', onAbort);
      over.abort();
      for (const timer of timers) clearTimeout(timer);
      await options.tidy();
      first.settle({ error: broken ?? endedSilently(request.verb, end, run.signal?.aborted === true) });
    },
  );
  return { answer: first.promise, ended };
}

function firstAnswer(): { promise: Promise<unknown>; settle: (answer: Answer) => void } {
  let settle: (answer: Answer) => void = () => undefined;
  const promise = new Promise<unknown>((resolve, reject) => {
    settle = (answer) => ('error' in answer ? reject(answer.error) : resolve(answer.result));
  });
  return { promise, settle };
}

interface Hearing {
  /** Aborted when the helper is gone. */
  readonly over: AbortSignal;
  /** Asks the helper to stop, and ends it when it does not. */
  readonly stop: () => void;
  /** Only the first counts. */
  readonly onAnswer: (answer: Answer) => void;
}

/** Reads until the helper's output ends, then waits for its end. */
async function exchange(options: HelperRunOptions, hearing: Hearing) {
  const { helper, request, log } = options;
  const hear = createHearing(options, hearing);
  let broken: AppError | undefined;
  try {
    for await (const line of helper.lines) {
      const output = parseOutput(line, log);
      if (output?.type === 'entries') await options.run.onEntries?.(output.entries);
      const answer = output && hear(output);
      if (answer) hearing.onAnswer(answer);
    }
  } catch (error) {
    // Whatever was wrong with its output, the helper must not live on without a reader.
    helper.kill();
    if (error instanceof AppError) broken = error;
    log.warn({ err: error, verb: request.verb }, 'helper output could not be read');
  }
  const end = await helper.ended;
  if (end.stderrTail !== '') log.debug({ verb: request.verb, stderr: end.stderrTail }, 'helper stderr');
  return { ...end, broken };
}

/** What each message does; a result or an error is the answer. */
function createHearing(
  { helper, request, run, log, signInPatienceMs }: HelperRunOptions,
  { over, stop }: Pick<Hearing, 'over' | 'stop'>,
): (output: HelperOutput) => Answer | undefined {
  let lastProgress: HelperProgress = { phase: 'preparing', filesDone: 0, bytesDone: 0 };
  let refused: AppError | undefined;
  const needCredentials = supplyCredentials({
    source: run.credentials,
    send: (input) => send(helper, input),
    onStall: (stall) => run.onProgress?.({ ...lastProgress, stall }),
    onRefused: (error) => {
      refused = error;
      stop();
    },
    // Not the wish to stop: a stopping restic needs its keys to remove its lock.
    signal: over,
    signInPatienceMs,
    log,
  });
  const answerOf = (output: Parameters<typeof toAnswer>[1]): Answer =>
    refused && 'error' in output ? { error: refused } : toAnswer(request.verb, output);
  return (output) => {
    switch (output.type) {
      case 'ready':
        run.onReady?.();
        return undefined;
      case 'credentials-needed':
        needCredentials();
        return undefined;
      case 'progress':
        lastProgress = output.progress;
        run.onProgress?.(lastProgress);
        return undefined;
      case 'kept':
        run.onKept?.(output.undoPath);
        return undefined;
      case 'entries':
        return undefined;
      case 'log':
        log[output.level]({ verb: request.verb }, output.message);
        return undefined;
      default:
        return answerOf(output);
    }
  };
}

function parseOutput(line: string, log: Log): HelperOutput | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    value = undefined;
  }
  if (outputParser.check(value)) return value;
  log.warn({ lengthBytes: line.length, start: line.slice(0, 200) }, 'helper line is not understood');
  return undefined;
}

function toAnswer(verb: HelperVerb, output: { result: unknown } | { error: ErrorBody }): Answer {
  if ('error' in output) {
    const isKnown = (ERROR_CODES as readonly string[]).includes(output.error.code);
    return { error: fromErrorBody(isKnown ? output.error : { ...output.error, code: 'failed' }) };
  }
  const known = resultParsers.get(verb) ?? parser(HelperResults[verb]);
  resultParsers.set(verb, known);
  try {
    return { result: known.parse(output.result, `the answer to ${verb}`) };
  } catch (cause) {
    return { error: new AppError('failed', `the helper's answer to ${verb} is not understood`, { cause }) };
  }
}

function endedSilently(
  verb: HelperVerb,
  end: { code: number | null; stderrTail: string },
  isCancelled: boolean,
): AppError {
  if (isCancelled) return new AppError('cancelled', `${verb} was stopped`);
  const how = end.code === null ? 'was killed or could not start' : `ended with code ${end.code}`;
  return new AppError('failed', `the helper for ${verb} ${how} before it answered`, {
    hint: 'see `olares-backup logs`; if it was killed, the machine may be short of memory',
    retry: 'backoff',
    cause: new Error(end.stderrTail.trim() || 'nothing on stderr'),
  });
}

function send(helper: HelperProcess, input: HelperInput): void {
  helper.send(JSON.stringify(input));
}
