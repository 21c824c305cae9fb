import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import { AppError, type AgentEvent } from '../../../contract/index.ts';
import type { Agent, AgentState } from './agent.ts';
import { createStore, useStore, type Store } from './store.ts';

export const AgentContext = createContext<Agent | undefined>(undefined);
/** The time that relative times are measured from, in steps. */
export const ClockContext = createContext<Store<number>>(createStore(0));

export function useAgent(): Agent {
  const agent = useContext(AgentContext);
  if (!agent) throw new Error('the page was rendered without its agent');
  return agent;
}

export const useAgentState = <S>(select: (state: AgentState) => S): S => useStore(useAgent().store, select);

export const useNow = (): number => useStore(useContext(ClockContext), (now) => now);

export function useEvents(listener: (event: AgentEvent) => void): void {
  const agent = useAgent();
  useEffect(() => agent.onEvent(listener), [agent, listener]);
}

export interface Loaded<T> {
  readonly value: T | undefined;
  readonly error: AppError | undefined;
  readonly reload: () => void;
  readonly change: (change: (old: T) => T) => void;
}

/** Loads once for each `key`, and again when the connection came back with other numbers. */
export function useLoaded<T>(key: string, load: () => Promise<T>): Loaded<T> {
  const agent = useAgent();
  const generation = useAgentState((state) => state.generation);
  const [tries, setTries] = useState(0);
  const [state, setState] = useState<{ key: string; value?: T; error?: AppError }>({ key });
  useEffect(() => {
    let isCurrent = true;
    const show = (next: { value: T } | { error: AppError }) => {
      if (isCurrent) setState({ key, ...next });
    };
    load().then(
      (value) => show({ value }),
      (error: unknown) => show({ error: failure(agent, error) }),
    );
    return () => {
      isCurrent = false;
    };
    // `load` is made anew at every rendering; `key` says what it loads.
  }, [key, generation, tries]);
  const isOfKey = state.key === key;
  return {
    value: isOfKey ? state.value : undefined,
    error: isOfKey ? state.error : undefined,
    reload: () => setTries((count) => count + 1),
    change: (change) =>
      setState((old) => (old.value === undefined ? old : { ...old, value: change(old.value) })),
  };
}

/** The error as it is shown. A missing session may be this browser's or the account's of Space: the status tells. */
function failure(agent: Agent, error: unknown): AppError {
  if (!(error instanceof AppError)) {
    return new AppError('failed', 'something went wrong on this page', { cause: error });
  }
  if (error.code === 'not_signed_in') void agent.open();
  return error;
}

export interface Action {
  readonly run: () => void;
  readonly isBusy: boolean;
  readonly error: AppError | undefined;
}

/** A button's work: busy from the click to the answer, with the answer's error. */
export function useAction(act: () => Promise<void>): Action {
  const agent = useAgent();
  const [state, setState] = useState<{ isBusy: boolean; error?: AppError }>({ isBusy: false });
  return {
    isBusy: state.isBusy,
    error: state.error,
    run() {
      if (state.isBusy) return;
      setState({ isBusy: true });
      act().then(
        () => setState({ isBusy: false }),
        (error: unknown) => setState({ isBusy: false, error: failure(agent, error) }),
      );
    },
  };
}
