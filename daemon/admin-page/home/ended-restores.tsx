import type { JSX } from 'preact';
import { useCallback } from 'preact/hooks';
import {
  cleanText,
  REQUEST_END_STATES,
  type AgentEvent,
  type RestoreRequest,
  type RestoreResult,
} from '../../../contract/index.ts';
import { Badge, Fault, Foreign, When } from '../components/basics.tsx';
import { Command } from '../components/command.tsx';
import { SkippedFiles } from '../components/skipped-files.tsx';
import { undoCommand } from '../format/restore-command.ts';
import { counted } from '../format/size.ts';
import { REQUEST_STATE_WORDS, wordingOf } from '../format/words.ts';
import { RestoreFacts } from '../jobs/result-facts.tsx';
import { jobHref } from '../route.ts';
import { useAgent, useEvents, useLoaded, useNow } from '../state/context.ts';

const SHOWN = 3;
/** As long as old files are kept for undo. */
const SHOWN_MS = 7 * 24 * 60 * 60_000;

/** What became of the restores of the last days. */
export function EndedRestores(): JSX.Element | null {
  const { client } = useAgent();
  const now = useNow();
  const { value = [], reload } = useLoaded('ended', () =>
    client.call('listRequests', { query: { all: true } }),
  );
  const look = useCallback((event: AgentEvent) => {
    if (event.kind === 'request.state' && REQUEST_END_STATES.has(event.body.request.state)) reload();
  }, []);
  useEvents(look);
  const ended = value.filter(
    ({ state, jobId, createdAt }) =>
      REQUEST_END_STATES.has(state) && jobId !== undefined && now - createdAt < SHOWN_MS,
  );
  if (ended.length === 0) return null;
  return (
    <section class="stack" aria-labelledby="ended-title">
      <h2 id="ended-title">Restored lately</h2>
      {ended.slice(0, SHOWN).map((request) => (
        <EndedRestore key={request.id} request={request} jobId={request.jobId ?? ''} />
      ))}
    </section>
  );
}

function EndedRestore({ request, jobId }: { request: RestoreRequest; jobId: string }): JSX.Element {
  const { client } = useAgent();
  const { value: job } = useLoaded(`${jobId} ${request.state}`, () =>
    client.call('getJob', { params: { job: jobId } }),
  );
  const result = job?.result?.kind === 'restore' ? job.result : undefined;
  return (
    <article class="card" data-ended={cleanText(request.code)}>
      <header class="card__head">
        <h3>
          <a href={jobHref(jobId)}>
            Restore of <Foreign text={request.planName ?? 'a snapshot'} max={100} />
          </a>
        </h3>
        <Badge {...wordingOf(REQUEST_STATE_WORDS, request.state)} />
      </header>
      {result ? <Outcome result={result} /> : null}
      <Words request={request} />
      {request.undoPath === undefined ? null : <Undo request={request} />}
      {job?.endedAt === undefined ? null : (
        <footer class="card__foot">
          <span class="muted">
            Ended <When at={job.endedAt} />
          </span>
        </footer>
      )}
    </article>
  );
}

/** Why it ended so, and what else lies about. */
function Words({ request: { error, reason, asidePath } }: { request: RestoreRequest }): JSX.Element {
  return (
    <>
      <Fault error={error} />
      {reason === undefined || error ? null : (
        <p>
          <Foreign text={reason} max={1000} />
        </p>
      )}
      {asidePath === undefined ? null : (
        <p class="small">
          What it had brought is kept in{' '}
          <code class="path">
            <Foreign text={asidePath} max={400} />
          </code>
          : delete it when nothing of it is missed.
        </p>
      )}
    </>
  );
}

function Undo({ request }: { request: RestoreRequest }): JSX.Element {
  return (
    <div class="undo">
      <p class="small">
        To put the old files back
        {request.undoUntil === undefined ? null : (
          <>
            {' '}
            (kept until <When at={request.undoUntil} />)
          </>
        )}
        , type in a terminal on this machine
      </p>
      <Command text={undoCommand(request.code)} />
    </div>
  );
}

const NAMES_SHOWN = 5;

function Outcome({ result }: { result: RestoreResult }): JSX.Element {
  const { count } = result.skipped;
  return (
    <>
      <dl class="facts facts--grid">
        <RestoreFacts result={result} />
      </dl>
      {count === 0 ? null : (
        <>
          <p class="small">{counted(count, 'file')} could not be restored:</p>
          <SkippedFiles skipped={result.skipped} most={NAMES_SHOWN} />
        </>
      )}
    </>
  );
}
