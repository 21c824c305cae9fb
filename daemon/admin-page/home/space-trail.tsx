import type { JSX } from 'preact';
import { useCallback, useState } from 'preact/hooks';
import {
  commandResultWords,
  commandSubject,
  commandWords,
  type AgentEvent,
  type SpaceCommand,
} from '../../../contract/index.ts';
import { Fault, Foreign, Loading, When } from '../components/basics.tsx';
import { useAgent, useEvents, useLoaded } from '../state/context.ts';

const FIRST_LIMIT = 10;
/** The most that the agent lists at once. */
const LAST_LIMIT = 1000;

/** What Space asked of this machine, for whoever wants to know: read when it is opened. */
export function SpaceTrail(): JSX.Element {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details class="trail" onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>What Space asked of this machine</summary>
      {isOpen ? <Trail /> : null}
    </details>
  );
}

/** Events of what a command can set in motion. */
const MOVING: ReadonlySet<AgentEvent['kind']> = new Set([
  'notice',
  'job.state',
  'plan.changed',
  'request.state',
  'command.state',
]);

function Trail(): JSX.Element {
  const { client } = useAgent();
  const [limit, setLimit] = useState(FIRST_LIMIT);
  const loaded = useLoaded(String(limit), () => client.call('listSpaceCommands', { query: { limit } }));
  const { reload, value } = loaded;
  const look = useCallback((event: AgentEvent) => {
    if (MOVING.has(event.kind)) reload();
  }, []);
  useEvents(look);
  return (
    <>
      <Fault error={loaded.error} />
      {value || loaded.error ? null : <Loading what="commands" />}
      {value?.total === 0 ? <p class="muted">Nothing yet.</p> : null}
      {value && value.commands.length > 0 ? (
        <ul class="trail__list" aria-label="Commands of Space, newest first">
          {value.commands.map((command) => (
            <TrailRow key={command.id} command={command} />
          ))}
        </ul>
      ) : null}
      {value && value.total > value.commands.length && limit < LAST_LIMIT ? (
        <button type="button" class="button button--plain" onClick={() => setLimit(LAST_LIMIT)}>
          Show older
        </button>
      ) : null}
    </>
  );
}

function TrailRow({ command }: { command: SpaceCommand }): JSX.Element {
  const subject = commandSubject(command);
  return (
    <li>
      <strong>
        <Foreign text={commandWords(command)} max={60} />
      </strong>
      {subject === undefined ? null : (
        <>
          {': '}
          <Foreign text={subject} max={200} />
        </>
      )}
      {command.text ? (
        <q>
          <Foreign text={command.text} max={500} />
        </q>
      ) : null}
      <span class="muted small trail__end">
        <Foreign text={commandResultWords(command)} max={100} /> · <When at={command.receivedAt} />
      </span>
    </li>
  );
}
