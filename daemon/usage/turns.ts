/**
 * One call at a time. Whoever needs no newer one shares the one on its way; the others share the one after it, since what
 * they ask about may have happened after it was sent.
 */
export function takeTurns(act: () => Promise<void>): (isAnyEnough: boolean) => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const run = (): Promise<void> => {
    running = act().finally(() => {
      running = undefined;
    });
    return running;
  };
  return (isAnyEnough) => {
    if (running === undefined) return run();
    if (isAnyEnough) return running;
    const after = (): Promise<void> => {
      next = undefined;
      return running ?? run();
    };
    next ??= running.then(after, after);
    return next;
  };
}
