import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { ConsoleState } from '../../contract/space/console.ts';
import { api, ApiError, watch } from './api.ts';

export type View =
  | { readonly kind: 'loading' }
  | { readonly kind: 'sign-in'; readonly message: string | undefined }
  | { readonly kind: 'open'; readonly state: ConsoleState; readonly problem: string | undefined };

/** Signs in with the code of the address, if there is one, and keeps the newest state. */
export function useSpace(): { view: View; refresh: () => void } {
  const [view, setView] = useState<View>({ kind: 'loading' });
  const isFetching = useRef(false);
  const isStale = useRef(false);

  const refresh = useCallback(() => {
    isStale.current = true;
    if (isFetching.current) return;
    isFetching.current = true;
    void fetchUntilFresh(isStale, setView).finally(() => {
      isFetching.current = false;
    });
  }, []);

  useEffect(() => {
    void signIn().then((refusal) =>
      refusal === undefined ? refresh() : setView({ kind: 'sign-in', message: refusal }),
    );
  }, [refresh]);

  const isOpen = view.kind === 'open';
  useEffect(() => (isOpen ? watch(refresh, refresh) : undefined), [isOpen, refresh]);
  return { view, refresh };
}

/** @returns why the code was refused; undefined when it was taken or there was none */
async function signIn(): Promise<string | undefined> {
  const code = new URLSearchParams(location.hash.slice(1)).get('code');
  if (code === null) return undefined;
  // The code is used up; it should not stay in the address bar and the history.
  history.replaceState(null, '', location.pathname);
  try {
    await api.login(code);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function fetchUntilFresh(
  isStale: { current: boolean },
  setView: (change: (old: View) => View) => void,
): Promise<void> {
  while (isStale.current) {
    isStale.current = false;
    try {
      const state = await api.state();
      setView(() => ({ kind: 'open', state, problem: undefined }));
    } catch (error) {
      setView((old) => afterFailure(old, error));
    }
  }
}

function afterFailure(old: View, error: unknown): View {
  if (error instanceof ApiError && error.status === 401) return { kind: 'sign-in', message: undefined };
  const problem = error instanceof Error ? error.message : String(error);
  return old.kind === 'open' ? { ...old, problem } : { kind: 'sign-in', message: problem };
}
