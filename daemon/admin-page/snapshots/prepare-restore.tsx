import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import {
  RESTORE_CONFLICTS,
  type PreparedChoice,
  type RestoreConflict,
  type RestoreRequest,
  type Snapshot,
} from '../../../contract/index.ts';
import { ActionButton, Fault, Foreign, When } from '../components/basics.tsx';
import { Guide } from '../home/request-card.tsx';
import { CONFLICT_WORDS } from '../home/request-choice.tsx';
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
  const [wanted, setWhere] = useState<Where>({});
  const mayReplace = isOfOne(snapshot.paths, include);
  const where = mayReplace ? wanted : {};
  const [request, setRequest] = useState<RestoreRequest | undefined>();
  const prepare = useAction(async () => {
    const choice: PreparedChoice = { ...where, ...(include.length > 0 && { include: [...include] }) };
    const body = { snapshot: snapshot.resticId, ...(Object.keys(choice).length > 0 && { choice }) };
    const made = await agent.client.call('createRequest', { body });
    agent.apply((status) => withRequest(status, made));
    setRequest(made);
  });
  return (
    <>
      <What include={include}>{mayReplace ? <Places where={where} onWhere={setWhere} /> : null}</What>
      {request ? (
        <section class="prepared" aria-label="Restore prepared" data-prepared={request.code}>
          <h2>Ready to restore</h2>
          <Guide code={request.code} />
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

/** A new folder beside the source, unless it says otherwise. */
type Where = Pick<PreparedChoice, 'inPlace' | 'conflict'>;

/** In place one directory is exchanged at a time. */
const isOfOne = (roots: readonly string[], include: readonly string[]): boolean =>
  roots.length === 1 ||
  (include.length > 0 &&
    roots.some((root) => include.every((path) => path === root || path.startsWith(`${root}/`))));

interface WhatProps {
  readonly include: readonly string[];
  readonly children: ComponentChildren;
}

function What({ include, children }: WhatProps): JSX.Element {
  return (
    <div class="prepare">
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
      {children}
    </div>
  );
}

interface PlacesProps {
  readonly where: Where;
  readonly onWhere: (where: Where) => void;
}

function Places({ where, onWhere }: PlacesProps): JSX.Element {
  const { inPlace = false, conflict = 'replace' } = where;
  return (
    <fieldset class="prepare__places" aria-label="Where to">
      <label>
        <input type="radio" name="where" checked={!inPlace} onChange={() => onWhere({})} /> Into a new folder
        beside the source
      </label>
      <label>
        <input
          type="radio"
          name="where"
          checked={inPlace}
          onChange={() => onWhere({ inPlace: true, conflict })}
        />{' '}
        In place; the old files are kept for 7 days
      </label>
      {inPlace ? (
        <select
          class="input"
          aria-label="Files that are there already"
          value={conflict}
          onChange={(event) => onWhere({ inPlace, conflict: event.currentTarget.value as RestoreConflict })}
        >
          {RESTORE_CONFLICTS.map((rule) => (
            <option key={rule} value={rule}>
              {CONFLICT_WORDS[rule]}
            </option>
          ))}
        </select>
      ) : null}
    </fieldset>
  );
}
