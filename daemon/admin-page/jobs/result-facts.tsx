import type { ComponentChildren, JSX } from 'preact';
import type {
  BackupResult,
  CheckResult,
  JobResult,
  MergedFiles,
  RestoreResult,
} from '../../../contract/index.ts';
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

export function RestoreFacts({ result }: { result: RestoreResult }): JSX.Element {
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
      <Fact name="Proven">{provenWords(result)}</Fact>
      {result.merged === undefined ? null : <Fact name="There">{mergedWords(result.merged)}</Fact>}
      {result.undoPath === undefined ? null : (
        <Fact name="Former files kept in">
          <span class="path">
            <Foreign text={result.undoPath} max={400} />
          </span>
          {result.undoBytes === undefined ? null : `, ${formatBytes(result.undoBytes)},`}
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

function provenWords({ filesVerified, filesHashed = 0, entriesCompared = 0 }: RestoreResult): string {
  if (filesVerified === 0 && entriesCompared === 0) return 'nothing was read again';
  return (
    `${counted(filesVerified, 'file')} read again by restic, ${formatCount(filesHashed)} hashed by us, ` +
    `${counted(entriesCompared, 'entry', 'entries')} compared with the list`
  );
}

function mergedWords(merged: MergedFiles): string {
  const { added, replaced, same, kept, renamed, extra, deleted } = merged;
  const parts: [number, string][] = [
    [added, 'new'],
    [replaced, 'replaced'],
    [same, 'the same'],
    [kept, 'left as they were'],
    [renamed, 'brought under a new name'],
    [extra, 'there only, left'],
    [deleted, 'there only, deleted'],
  ];
  return parts.flatMap(([count, word]) => (count === 0 ? [] : [`${formatCount(count)} ${word}`])).join(', ');
}

const CheckFacts = ({ result }: { result: CheckResult }): JSX.Element => (
  <Fact name="Data read">{result.readDataPercent} %</Fact>
);
