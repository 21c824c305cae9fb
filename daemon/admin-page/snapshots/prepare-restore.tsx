import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { RestoreRequest, Snapshot } from '../../../contract/index.ts';
import { ActionButton, Fault, Foreign, When } from '../components/basics.tsx';
import { Guide } from '../home/request-card.tsx';
import { withRequest } from '../state/apply-event.ts';
import { useAction, useAgent } from '../state/context.ts';

/** Makes a request; the restore itself begins only at a terminal, with the password. */
export function PrepareRestore({
  snapshot,
  include,
}: {
  snapshot: Snapshot;
  /** Paths that are ticked below; none: everything. */
  include: readonly string[];
}): JSX.Element {
  const agent = useAgent();
  const [inPlace, setInPlace] = useState(false);
  const [request, setRequest] = useState<RestoreRequest | undefined>();
  const prepare = useAction(async () => {
    const made = await agent.client.call('createRequest', { body: { snapshot: snapshot.resticId } });
    agent.apply((status) => withRequest(status, made));
    setRequest(made);
  });
  return (
    <>
      <WhatAndWhere snapshot={snapshot} include={include} inPlace={inPlace} onPlace={setInPlace} />
      {request ? (
        <section class="prepared" aria-label="Restore prepared" data-prepared={request.code}>
          <h2>Ready to restore</h2>
          <Guide code={request.code} choice={{ inPlace, include }} />
          <p class="muted small">
            The code expires <When at={request.expiresAt} />. Nothing changes until you type the command.
          </p>
        </section>
      ) : (
        <div class="card__foot">
          <span class="muted">The restore itself is started in a terminal on this machine.</span>
          <ActionButton action={prepare} label="Prepare restore" busyLabel="Preparing…" kind="primary" />
          <Fault error={prepare.error} />
        </div>
      )}
    </>
  );
}

interface WhatAndWhereProps {
  readonly snapshot: Snapshot;
  readonly include: readonly string[];
  readonly inPlace: boolean;
  readonly onPlace: (inPlace: boolean) => void;
}

function WhatAndWhere({ snapshot, include, inPlace, onPlace }: WhatAndWhereProps): JSX.Element {
  return (
    <div class="choice">
      <p class="muted small">
        {include.length === 0 ? 'Everything. Tick files or folders below to restore only those.' : 'Only '}
        {include.map((path, index) => (
          <>
            {index === 0 ? '' : ', '}
            <code>
              <Foreign text={path} max={200} />
            </code>
          </>
        ))}
      </p>
      {snapshot.paths.length === 1 ? (
        <fieldset class="choice__places" aria-label="Where to">
          <label>
            <input type="radio" name="where" checked={!inPlace} onChange={() => onPlace(false)} /> Into a new
            folder beside the source
          </label>
          <label>
            <input type="radio" name="where" checked={inPlace} onChange={() => onPlace(true)} /> In place; the
            old files are kept for 7 days
          </label>
        </fieldset>
      ) : null}
    </div>
  );
}
