import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { cleanText, type RestoreRequest } from '../../../contract/index.ts';
import { ActionButton, Badge, Fault, Foreign, When } from '../components/basics.tsx';
import { Command } from '../components/command.tsx';
import { counted, formatBytes } from '../format/size.ts';
import { restoreCommand } from '../format/restore-command.ts';
import { formatShort } from '../format/time.ts';
import { REQUEST_ORIGIN_WORDS, REQUEST_STATE_WORDS, wordingOf } from '../format/words.ts';
import { jobHref } from '../route.ts';
import { withRequest } from '../state/apply-event.ts';
import { useAction, useAgent } from '../state/context.ts';
import { PreviewFacts } from './request-preview.tsx';
import { ChoiceFacts } from './request-choice.tsx';

const WAITING: ReadonlySet<RestoreRequest['state']> = new Set(['proposed', 'opened']);

/** Who asks for which snapshot, and the command that answers it. This page cannot start the restore. */
export function RequestCard({ request }: { request: RestoreRequest }): JSX.Element {
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
      {request.choice === undefined ? null : <ChoiceFacts choice={request.choice} />}
      {request.preview === undefined ? null : <PreviewFacts preview={request.preview} />}
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
        {isWaiting ? <Decline request={request} /> : null}
      </footer>
    </article>
  );
}

/** To choose from: nothing is ever typed on this page, so that no password is. Other words go by the command. */
const REASONS = ['not asked for by me', 'not now', 'another snapshot is wanted'] as const;

function Decline({ request }: { request: RestoreRequest }): JSX.Element {
  const agent = useAgent();
  const [reason, setReason] = useState('');
  const decline = useAction(async () => {
    const body = reason === '' ? {} : { reason };
    const answer = await agent.client.call('declineRequest', { params: { request: request.id }, body });
    agent.apply((status) => withRequest(status, answer));
  });
  return (
    <>
      <span class="buttons">
        <select
          class="input"
          aria-label="Reason for declining"
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        >
          <option value="">without a reason</option>
          {REASONS.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
        <ActionButton action={decline} label="Decline" busyLabel="Declining…" describes={request.code} />
      </span>
      <Fault error={decline.error} />
    </>
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
