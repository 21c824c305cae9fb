import type { JSX } from 'preact';
import { Command } from './components/command.tsx';
import { Foreign } from './components/basics.tsx';
import { Icon } from './components/icon.tsx';
import { useAction, useAgent, useAgentState } from './state/context.ts';
import { ActionButton } from './components/basics.tsx';

/** Shown without a session. There is nothing to fill in: the way in is a command at a terminal. */
export function SignIn(): JSX.Element {
  const agent = useAgent();
  const error = useAgentState((state) => state.sessionError);
  const retry = useAction(() => agent.open());
  return (
    <main class="sign-in">
      <div class="card sign-in__card">
        <span class="brand__mark brand__mark--large">
          <Icon name="shield" size={30} />
        </span>
        <h1>Olares Backup</h1>
        {error === undefined ? null : (
          <p class="fault" role="alert">
            <Icon name="error" size={18} />
            <span>
              <Foreign text={error} />
            </span>
          </p>
        )}
        <p>
          Type <code>olares-backup open</code> in a terminal on this machine.
        </p>
        <Command text="olares-backup open" />
        <p class="muted">
          It opens this page with a code that works once, for a minute. No password is ever typed here.
        </p>
        <ActionButton action={retry} label="Try again" busyLabel="Trying…" kind="quiet" />
      </div>
    </main>
  );
}
