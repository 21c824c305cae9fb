/** A limit of time; dispose of it when the work is done. */
export interface TimeLimit extends Disposable {
  /** Aborted when the time is over, or with any of the other signals and their reason. */
  readonly signal: AbortSignal;
  /** Whether it was the time. */
  readonly isOver: boolean;
}

/**
 * Not `AbortSignal.timeout`: below `AbortSignal.any` Node 20 may collect it as garbage, and then it never aborts.
 * @param ms milliseconds from now
 */
export function timeLimit(ms: number, ...others: (AbortSignal | undefined)[]): TimeLimit {
  const controller = new AbortController();
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = true;
    controller.abort(new DOMException('the time is over', 'TimeoutError'));
  }, ms);
  const given = others.filter((signal) => signal !== undefined);
  const pass = () => controller.abort(given.find(({ aborted }) => aborted)?.reason);
  for (const signal of given) signal.addEventListener('abort', pass, { once: true });
  if (given.some(({ aborted }) => aborted)) pass();
  return {
    signal: controller.signal,
    get isOver() {
      return isOver;
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      for (const signal of given) signal.removeEventListener('abort', pass);
    },
  };
}
