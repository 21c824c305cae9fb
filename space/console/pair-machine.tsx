import { useState } from 'preact/hooks';
import type { ConsolePairingCode } from '../../contract/space/console.ts';
import { api } from './api.ts';
import { ActionButton, CommandLine } from './controls.tsx';
import { formatTime } from './format.ts';

/** Makes a code for one more machine. */
export function PairMachine({ name }: { name: string }) {
  const [typed, setTyped] = useState(name);
  const [code, setCode] = useState<ConsolePairingCode>();
  return (
    <section class="card">
      <h2>Pair a machine</h2>
      <p class="muted">
        Make a code, then type the command it comes with on the machine. It works once, for 15 minutes.
      </p>
      <div class="row">
        <label>
          Olares name
          <input
            value={typed}
            spellcheck={false}
            autocapitalize="none"
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
        <ActionButton act={() => api.pairingCode(typed).then(setCode)}>Make a pairing code</ActionButton>
      </div>
      {code && (
        <div class="pairing">
          <p class="code">{code.code}</p>
          <CommandLine text={code.command} />
          <p class="muted">Valid until {formatTime(code.expiresAt)}</p>
        </div>
      )}
    </section>
  );
}
