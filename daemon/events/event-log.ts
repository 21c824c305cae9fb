import type { AgentEvent } from '../../contract/index.ts';
import type { Store } from '../store/store.ts';

/** The numbered events of the store as a stream. */
export interface EventLog {
  /**
   * All events after a number: first those there are, then those to come, until the signal aborts. Nothing is queued
   * for a slow reader; it reads on from the database at its own speed.
   */
  stream(after: number, signal: AbortSignal): AsyncIterable<AgentEvent>;
  newestSeq(): number;
}

/** Events read from the database at once. */
const BATCH = 200;

export function createEventLog(store: Pick<Store, 'events' | 'onAppended'>): EventLog {
  return {
    stream: (after, signal) => streamOf(store, after, signal),
    newestSeq: () => store.events.newestSeq(),
  };
}

async function* streamOf(
  store: Pick<Store, 'events' | 'onAppended'>,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<AgentEvent> {
  let seq = after;
  while (!signal.aborted) {
    const batch = store.events.after(seq, BATCH);
    // No await lies between the empty read and the subscription, so no commit can slip through.
    if (batch.length === 0) await nextAppend(store, signal);
    for (const event of batch) {
      if (signal.aborted) return;
      seq = event.seq;
      yield event;
    }
  }
}

function nextAppend(store: Pick<Store, 'onAppended'>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      unsubscribe();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const unsubscribe = store.onAppended(end);
    signal.addEventListener('abort', end, { once: true });
  });
}
