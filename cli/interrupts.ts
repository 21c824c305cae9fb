import type { Runtime } from './runtime.ts';

/** What Ctrl-C means: ask the job to stop, or only stop looking at it; `stop`: there is nothing that could go on alone. */
export type InterruptWish = 'cancel' | 'leave' | 'stop';

/** How long a second Ctrl-C may take that means: leave it running. */
const SECOND_MS = 1_500;

export interface Interrupts {
  readonly wish: InterruptWish;
  /** A person may press twice; a script that sends one signal wants it done. */
  readonly isPatient: boolean;
  readonly leave: () => void;
  readonly stop: () => void;
  readonly say: (text: string) => void;
}

/**
 * Ctrl-C once asks for a clean stop, twice leaves the view and the job alone. After the wait a further one leaves a job
 * that is ending.
 * @returns ends it
 */
export function listenForInterrupts(runtime: Pick<Runtime, 'onInterrupt'>, does: Interrupts): () => void {
  const { wish, isPatient, leave, stop, say } = does;
  let timer: NodeJS.Timeout | undefined;
  let count = 0;
  const stopNow = (): void => {
    timer = undefined;
    say(wish === 'stop' ? STOPPING : `${STOPPING} Ctrl-C again leaves this view; it then ends by itself.`);
    stop();
  };
  const release = runtime.onInterrupt(() => {
    count += 1;
    if (wish === 'leave') return leave();
    if (count > 1) return wish === 'stop' ? say('It is being stopped; one moment.') : leave();
    if (wish === 'stop' || !isPatient) return stopNow();
    say('Stopping. Press Ctrl-C again now to leave it running instead.');
    timer = setTimeout(stopNow, SECOND_MS);
  });
  return () => {
    clearTimeout(timer);
    release();
  };
}

const STOPPING = 'Asking for a clean stop.';
