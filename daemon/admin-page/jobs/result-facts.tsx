import type { ComponentChildren, JSX } from 'preact';
import type { BackupResult, CheckResult, JobResult, RestoreResult } from '../../../contract/index.ts';
import { Foreign, When } from '../components/basics.tsx';
import { counted, formatBytes, formatCount } from '../format/size.ts';
import { snapshotHref } from '../route.ts';

/** The numbers of a result, as entries of a definition list. */
export function ResultFacts({ result }: { result: JobResult }): JSX.Element {
  switch (result.kind) {
    case 'backup':
      return <BackupFacts result={result} />;
    case 'restore':
      return <RestoreFacts result={result} />;
    case 'check':
      return <CheckFacts result={result} />;
  }
}

export const Fact = ({ name, children }: { name: string; children: ComponentChildren }): JSX.Element => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

function BackupFacts({ result }: { result: BackupResult }): JSX.Element {
  return (
    <>
      <Fact name="Snapshot">
        <a href={snapshotHref(result.snapshotUuid)}>{result.snapshotId.slice(0, 8)}</a>
      </Fact>
      <Fact name="Content">
        {counted(result.filesTotal, 'file')}, {formatBytes(result.bytesTotal)}
      </Fact>
      <Fact name="New, changed, same">
        {[result.filesNew, result.filesChanged, result.filesUnmodified].map(formatCount).join(' · ')}
      </Fact>
      <Fact name="Added to storage">{formatBytes(result.addedBytes)}</Fact>
    </>
  );
}

function RestoreFacts({ result }: { result: RestoreResult }): JSX.Element {
  return (
    <>
      <Fact name="Restored to">
        <span class="path">
          <Foreign text={result.target} max={400} />
        </span>
      </Fact>
      <Fact name="Content">
        {counted(result.filesRestored, 'file')}, {formatBytes(result.bytesRestored)}
      </Fact>
      <Fact name="Verified">
        {counted(result.filesVerified, 'file')}
        {result.filesHashed === undefined ? null : ` by restic, ${formatCount(result.filesHashed)} by us`}
      </Fact>
      {result.undoPath === undefined ? null : (
        <Fact name="Former files kept in">
          <span class="path">
            <Foreign text={result.undoPath} max={400} />
          </span>
          {result.undoUntil === undefined ? null : (
            <>
              {' '}
              until <When at={result.undoUntil} />
            </>
          )}
        </Fact>
      )}
    </>
  );
}

const CheckFacts = ({ result }: { result: CheckResult }): JSX.Element => (
  <Fact name="Data read">{result.readDataPercent} %</Fact>
);
