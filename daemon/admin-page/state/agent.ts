import {
  AppError,
  type AgentEvent,
  type ApiClient,
  type Job,
  type Progress,
  type Status,
} from '../../../contract/index.ts';
import { applyEvent } from './apply-event.ts';
import { connectLive, type LiveEvents } from './live.ts';
import { noticeOf, type Notice } from './notice.ts';
import { createStore, type Store } from './store.ts';

export interface AgentState {
  /** closed: the daemon wants a session that this browser does not have. */
  readonly session: 'checking' | 'open' | 'closed';
  readonly connection: 'connecting' | 'live' | 'lost';
  /** What the daemon said instead of its status, while the connection is lost. */
  readonly connectionError: string | undefined;
  readonly status: Status | undefined;
  /** The newest progress of each running job, by job id. */
  readonly progress: Readonly<Record<string, Progress>>;
  readonly notices: readonly Notice[];
  /** Rises when the daemon's numbering went back (a restored database): lists must be loaded anew. */
  readonly generation: number;
  /** Why the single-use code was not accepted. */
  readonly sessionError: string | undefined;
}

export interface Agent {
  readonly client: ApiClient;
  readonly store: Store<AgentState>;
  /** Exchanges a single-use code for a session first, if there is one. Never rejects. */
  open(code?: string): Promise<void>;
  /** Shows what a call answered at once, before its event arrives. */
  apply(change: (status: Status) => Status): void;
  /** Called for each event after it was applied, also for those made up after a lost connection. */
  onEvent(listener: (event: AgentEvent) => void): () => void;
  dismiss(noticeId: number): void;
  /** Ends this browser's session. */
  leave(): Promise<void>;
}

const INITIAL: AgentState = {
  session: 'checking',
  connection: 'connecting',
  connectionError: undefined,
  status: undefined,
  progress: {},
  notices: [],
  generation: 0,
  sessionError: undefined,
};
const NOTICES_SHOWN = 3;
/** One new status for a burst of events. */
const REFRESH_DELAY_MS = 120;
/** After an answer that is older than the events already seen. */
const STALE_DELAY_MS = 1_000;

/** The page's whole knowledge of the daemon: one status, kept current by its events. */
export function createAgent(client: ApiClient, openEvents: (path: string) => LiveEvents): Agent {
  const store = createStore(INITIAL);
  const listeners = new Set<(event: AgentEvent) => void>();
  const set = (change: Partial<AgentState>) => store.update((old) => ({ ...old, ...change }));
  const live = connectLive({
    openEvents,
    loadStatus: () => client.call('getStatus'),
    onStatus: (status) => set({ status, session: 'open' }),
    onConnection: (connection, connectionError) => set({ connection, connectionError }),
    onSignedOut: () => set({ session: 'closed', status: undefined }),
    onReset: () => store.update((old) => ({ ...old, generation: old.generation + 1 })),
    onProgress: (progress) =>
      store.update((old) => ({ ...old, progress: { ...old.progress, [progress.jobId]: progress } })),
    onEvent(event) {
      store.update((old) => afterEvent(old, event));
      for (const listener of listeners) listener(event);
      refreshSoon();
    },
  });
  const refreshSoon = coalesced(() => refresh(client, store));
  return {
    client,
    store,
    async open(code) {
      if (code !== undefined) set({ sessionError: await exchange(client, code) });
      live.start();
    },
    apply: (change) => store.update((old) => (old.status ? { ...old, status: change(old.status) } : old)),
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    dismiss: (noticeId) =>
      store.update((old) => ({ ...old, notices: old.notices.filter(({ id }) => id !== noticeId) })),
    async leave() {
      await client.call('removeSession').catch(() => undefined);
      live.stop();
      set({ session: 'closed', status: undefined });
    },
  };
}

const MOVING: ReadonlySet<Job['state']> = new Set(['running', 'cancelling']);

/** Progress of a job that no longer moves says nothing, and would be shown when it starts again. */
function progressAfter(progress: AgentState['progress'], event: AgentEvent): AgentState['progress'] {
  if (event.kind !== 'job.state' || MOVING.has(event.body.job.state)) return progress;
  const { [event.body.job.id]: _ended, ...others } = progress;
  return others;
}

function afterEvent(old: AgentState, event: AgentEvent): AgentState {
  const notice = noticeOf(event);
  const { status } = old;
  // A status that was read later already holds what this event says.
  const isNews = status !== undefined && event.seq > status.eventSeq;
  return {
    ...old,
    status: isNews ? { ...applyEvent(status, event), eventSeq: event.seq } : status,
    progress: progressAfter(old.progress, event),
    notices: notice ? [...old.notices, notice].slice(-NOTICES_SHOWN) : old.notices,
  };
}

/** The sentence and level are the daemon's words: they are read again, never guessed here. */
async function refresh(client: ApiClient, store: Store<AgentState>): Promise<'stale' | 'done'> {
  const status = await client.call('getStatus').catch(() => undefined);
  const known = store.get().status;
  if (!status || !known) return 'done';
  if (status.eventSeq < known.eventSeq) return 'stale';
  store.update((old) => ({ ...old, status }));
  return 'done';
}

async function exchange(client: ApiClient, code: string): Promise<string | undefined> {
  try {
    await client.call('createSession', { body: { code } });
    return undefined;
  } catch (error) {
    return error instanceof AppError ? error.message : 'the code was not accepted';
  }
}

/** Runs `act` once after a burst of calls; again when another came meanwhile or the answer was stale. */
function coalesced(act: () => Promise<'stale' | 'done'>): () => void {
  let state: 'idle' | 'planned' | 'busy' | 'again' = 'idle';
  const plan = (delayMs: number) => {
    state = 'planned';
    setTimeout(run, delayMs);
  };
  const run = async () => {
    state = 'busy';
    const outcome = await act();
    if (outcome === 'stale') plan(STALE_DELAY_MS);
    else if ((state as string) === 'again') plan(REFRESH_DELAY_MS);
    else state = 'idle';
  };
  return () => {
    if (state === 'idle') plan(REFRESH_DELAY_MS);
    else if (state === 'busy') state = 'again';
  };
}
