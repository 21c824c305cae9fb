import { useEffect, useReducer, useRef } from 'preact/hooks';

/** One value that components watch. Listeners run after every change, in the order they came. */
export interface Store<T> {
  get(): T;
  update(change: (old: T) => T): void;
  /** @returns a function that ends the subscription */
  subscribe(listener: () => void): () => void;
}

export function createStore<T>(initial: T): Store<T> {
  let value = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    update(change) {
      const next = change(value);
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The selected part of a store; the component renders again only when that part changes. */
export function useStore<T, S>(store: Store<T>, select: (value: T) => S): S {
  const [, render] = useReducer((count: number) => count + 1, 0);
  const selected = select(store.get());
  const latest = useRef({ select, selected });
  latest.current = { select, selected };
  useEffect(() => {
    const look = () => {
      const now = latest.current.select(store.get());
      if (!Object.is(now, latest.current.selected)) render(undefined);
    };
    // Between rendering and this effect the store may have moved on.
    look();
    return store.subscribe(look);
  }, [store]);
  return selected;
}
