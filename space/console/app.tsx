import { useState } from 'preact/hooks';
import type { ConsoleState } from '../../contract/space/console.ts';
import { AccountSection } from './account.tsx';
import { api } from './api.ts';
import { PairMachine } from './pair-machine.tsx';
import { RestoreDialog, type RestoreWish } from './restore-dialog.tsx';
import { useSpace } from './use-space.ts';

export function App() {
  const { view, refresh } = useSpace();
  if (view.kind === 'loading') return <main class="narrow muted">Loading…</main>;
  if (view.kind === 'sign-in') return <SignIn message={view.message} />;
  return <Console state={view.state} problem={view.problem} refresh={refresh} />;
}

function SignIn({ message }: { message: string | undefined }) {
  return (
    <main class="narrow card">
      <h1>Sign in to this Space</h1>
      {message !== undefined && (
        <p class="note bad" role="alert">
          {message}
        </p>
      )}
      <p>On the server that runs it, ask for a link and open it here. It works once, for ten minutes.</p>
      <pre>
        <code>olares-space console-link --data DIR</code>
      </pre>
    </main>
  );
}

interface ConsoleProps {
  state: ConsoleState;
  problem: string | undefined;
  refresh: () => void;
}

function Console({ state, problem, refresh }: ConsoleProps) {
  const [wish, setWish] = useState<RestoreWish>();
  const signOut = () => void api.logout().finally(refresh);
  return (
    <>
      <header>
        <h1>
          Space <span class="muted">{new URL(state.spaceUrl).host}</span>
        </h1>
        <button type="button" class="quiet" onClick={signOut}>
          Sign out
        </button>
      </header>
      <main>
        {problem !== undefined && (
          <p class="note bad" role="alert">
            {problem} What you see may be old.
          </p>
        )}
        {state.accounts.map((account) => (
          <AccountSection key={account.id} account={account} now={state.serverTime} onRestore={setWish} />
        ))}
        {state.accounts.length === 0 && (
          <p class="empty card">No account yet. Pair the first machine below.</p>
        )}
        <PairMachine name={state.accounts[0]?.olaresName ?? 'alice@olares.com'} />
      </main>
      {wish && <RestoreDialog wish={wish} state={state} onClose={() => setWish(undefined)} />}
    </>
  );
}
