import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { type RestoreRequest, type Snapshot } from '../../../contract/index.ts';
import { ActionButton, Fault, Foreign, Loading, When } from '../components/basics.tsx';
import { counted, formatBytes } from '../format/size.ts';
import { formatAbsolute, formatShort } from '../format/time.ts';
import { Guide } from '../home/request-card.tsx';
import { jobHref, snapshotsHref } from '../route.ts';
import { withRequest } from '../state/apply-event.ts';
import { useAction, useAgent, useLoaded } from '../state/context.ts';
import { Directory } from './directory.tsx';
import { SnapshotMarks } from './snapshot-marks.tsx';

/** One snapshot: facts, a way to its restore, and its files. */
export function SnapshotPage({ id, path }: { id: string; path: string | undefined }): JSX.Element {
  const { client } = useAgent();
  const loaded = useLoaded(id, () => client.call('getSnapshot', { params: { snapshot: id } }));
  const snapshot = loaded.value;
  return (
    <>
      <nav class="trail" aria-label="Way back">
        <a href={snapshotsHref(snapshot?.planId)}>Snapshots</a>
      </nav>
      <Fault error={loaded.error} />
      {snapshot ? (
        <>
          <SnapshotHead snapshot={snapshot} />
          {snapshot.state === 'missing' ? (
            <MissingWords />
          ) : (
            <Directory key={snapshot.id} snapshot={snapshot} path={path} />
          )}
        </>
      ) : null}
      {snapshot || loaded.error ? null : <Loading what="the snapshot" />}
    </>
  );
}

function SnapshotHead({ snapshot }: { snapshot: Snapshot }): JSX.Element {
  const { planName, takenAt, jobId } = snapshot;
  return (
    <>
      <div class="page__head">
        <h1 title={formatAbsolute(takenAt)}>
          <Foreign text={planName} max={80} /> <span class="page__at">{formatShort(takenAt)}</span>
        </h1>
        <SnapshotMarks snapshot={snapshot} />
      </div>
      <div class="card">
        <dl class="facts facts--grid">
          <div>
            <dt>Taken</dt>
            <dd>
              <When at={takenAt} />
            </dd>
          </div>
          <SizeFacts snapshot={snapshot} />
          <div>
            <dt>Id</dt>
            <dd>
              <code title={snapshot.resticId}>{snapshot.resticId.slice(0, 8)}</code>
            </dd>
          </div>
          {jobId === undefined ? null : (
            <div>
              <dt>Made by</dt>
              <dd>
                <a href={jobHref(jobId)}>this job</a>
              </dd>
            </div>
          )}
        </dl>
        {snapshot.state === 'missing' ? null : <PrepareRestore snapshot={snapshot} />}
      </div>
    </>
  );
}

function SizeFacts({ snapshot }: { snapshot: Snapshot }): JSX.Element {
  const { filesTotal, bytesTotal, addedBytes } = snapshot;
  return (
    <>
      {filesTotal === undefined ? null : (
        <div>
          <dt>Content</dt>
          <dd>{counted(filesTotal, 'file')}</dd>
        </div>
      )}
      {bytesTotal === undefined ? null : (
        <div>
          <dt>Size</dt>
          <dd class="number">{formatBytes(bytesTotal)}</dd>
        </div>
      )}
      {addedBytes === undefined ? null : (
        <div>
          <dt>Added to storage</dt>
          <dd class="number">{formatBytes(addedBytes)}</dd>
        </div>
      )}
    </>
  );
}

const MissingWords = () => (
  <p class="card">
    This snapshot was made here, but the repository no longer has it. Someone may have removed it with another
    program.
  </p>
);

/** Makes a request; the restore itself begins only at a terminal, with the password. */
function PrepareRestore({ snapshot }: { snapshot: Snapshot }): JSX.Element {
  const agent = useAgent();
  const [request, setRequest] = useState<RestoreRequest | undefined>();
  const prepare = useAction(async () => {
    const made = await agent.client.call('createRequest', { body: { snapshot: snapshot.resticId } });
    agent.apply((status) => withRequest(status, made));
    setRequest(made);
  });
  if (request) {
    return (
      <section class="prepared" aria-label="Restore prepared" data-prepared={request.code}>
        <h2>Ready to restore</h2>
        <Guide code={request.code} />
        <p class="muted small">
          The code expires <When at={request.expiresAt} />. Nothing changes until you type the command.
        </p>
      </section>
    );
  }
  return (
    <div class="card__foot">
      <span class="muted">The restore itself is started in a terminal on this machine.</span>
      <ActionButton action={prepare} label="Prepare restore" busyLabel="Preparing…" kind="primary" />
      <Fault error={prepare.error} />
    </div>
  );
}
