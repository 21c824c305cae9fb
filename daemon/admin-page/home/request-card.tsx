import type { JSX } from 'preact';
import { cleanText, type RestoreRequest } from '../../../contract/index.ts';
import { ActionButton, Badge, Fault, Foreign, When } from '../components/basics.tsx';
import { Command } from '../components/command.tsx';
import { counted, formatBytes } from '../format/size.ts';
import { formatShort } from '../format/time.ts';
import { REQUEST_ORIGIN_WORDS, REQUEST_STATE_WORDS, wordingOf } from '../format/words.ts';
import { jobHref } from '../route.ts';
import { withRequest } from '../state/apply-event.ts';
import { useAction, useAgent } from '../state/context.ts';

const WAITING: ReadonlySet<RestoreRequest['state']> = new Set(['proposed', 'opened']);

/** What the person types at the machine. The code is the daemon's; anything else in it would be no code of ours. */
export const restoreCommand = (code: string): string =>
  `olares-backup restore ${cleanText(code).replace(/[^A-Za-z0-9-]/g, '')}`;

/** Who asks for which snapshot, and the command that answers it. This page cannot start the restore. */
export function RequestCard({ request }: { request: RestoreRequest }): JSX.Element {
  const agent = useAgent();
  const decline = useAction(async () => {
    const answer = await agent.client.call('declineRequest', { params: { request: request.id }, body: {} });
    agent.apply((status) => withRequest(status, answer));
  });
  const isWaiting = WAITING.has(request.state);
  return (
    <article class="card card--request" data-request={cleanText(request.code)}>
      <header class="card__head">
        <h3>
          {REQUEST_ORIGIN_WORDS[request.origin] ?? 'A restore is prepared'}
          {request.planName === undefined ? null : (
            <>
              : <Foreign text={request.planName} max={100} />
            </>
          )}
        </h3>
        <Badge {...wordingOf(REQUEST_STATE_WORDS, request.state)} />
      </header>
      <p>{snapshotFacts(request)}</p>
      {request.note ? (
        <figure class="quote">
          <blockquote>
            <Foreign text={request.note} max={500} />
          </blockquote>
          <figcaption class="muted">
            Message that came with the request, not checked by this machine
          </figcaption>
        </figure>
      ) : null}
      {isWaiting ? <Guide code={request.code} /> : null}
      {request.jobId === undefined ? null : (
        <p>
          <a href={jobHref(request.jobId)}>Watch the restore</a>
        </p>
      )}
      <footer class="card__foot">
        <span class="muted">
          Asked <When at={request.createdAt} />
          {isWaiting ? (
            <>
              {' '}
              · expires <When at={request.expiresAt} />
            </>
          ) : null}
        </span>
        {isWaiting ? (
          <ActionButton action={decline} label="Decline" busyLabel="Declining…" describes={request.code} />
        ) : null}
      </footer>
      <Fault error={decline.error} />
    </article>
  );
}

/** The numbered way from this page to the terminal, where the password is typed. */
export function Guide({ code }: { code: string }): JSX.Element {
  return (
    <ol class="steps">
      <li>
        <span>Open a terminal on this machine and type</span>
        <Command text={restoreCommand(code)} />
      </li>
      <li>
        <span>Look at what it would do, then type your password there. It is never asked for here.</span>
      </li>
      <li>
        <span>Watch the progress here or there.</span>
      </li>
    </ol>
  );
}

function snapshotFacts(request: RestoreRequest): JSX.Element {
  const { takenAt, filesTotal, bytesTotal, newerSnapshots } = request;
  const facts = [
    filesTotal === undefined ? undefined : counted(filesTotal, 'file'),
    bytesTotal === undefined ? undefined : formatBytes(bytesTotal),
    newerSnapshots === undefined ? undefined : newnessWords(newerSnapshots),
  ].filter((fact) => fact !== undefined);
  return (
    <>
      Snapshot <code>{request.snapshotId.slice(0, 8)}</code>
      {takenAt === undefined ? null : (
        <>
          {' '}
          of {formatShort(takenAt)} (<When at={takenAt} />)
        </>
      )}
      {facts.length === 0 ? null : ` · ${facts.join(' · ')}`}
    </>
  );
}

const newnessWords = (newer: number) =>
  newer === 0 ? 'the newest' : `${counted(newer, 'newer snapshot exists', 'newer snapshots exist')}`;
