import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Snapshot } from '../../../contract/index.ts';
import { Fault, Foreign, Loading, When } from '../components/basics.tsx';
import { counted, formatBytes } from '../format/size.ts';
import { formatAbsolute, formatShort } from '../format/time.ts';
import { jobHref, snapshotsHref } from '../route.ts';
import { useAgent, useLoaded } from '../state/context.ts';
import { Directory } from './directory.tsx';
import { PrepareRestore } from './prepare-restore.tsx';
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
      {snapshot ? <SnapshotBody key={snapshot.id} snapshot={snapshot} path={path} /> : null}
      {snapshot || loaded.error ? null : <Loading what="the snapshot" />}
    </>
  );
}

function SnapshotBody({ snapshot, path }: { snapshot: Snapshot; path: string | undefined }): JSX.Element {
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const choose = (entry: string, isOn: boolean) =>
    setChosen((before) => [...before.filter((each) => each !== entry), ...(isOn ? [entry] : [])]);
  return (
    <>
      <SnapshotHead snapshot={snapshot} chosen={chosen} />
      {snapshot.state === 'missing' ? (
        <MissingWords />
      ) : (
        <Directory snapshot={snapshot} path={path} choosing={{ chosen, choose }} />
      )}
    </>
  );
}

function SnapshotHead({ snapshot, chosen }: { snapshot: Snapshot; chosen: readonly string[] }): JSX.Element {
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
        {snapshot.state === 'missing' ? null : <PrepareRestore snapshot={snapshot} include={chosen} />}
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
