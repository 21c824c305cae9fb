import type { JSX } from 'preact';
import type { Snapshot } from '../../../contract/index.ts';
import { Badge } from '../components/basics.tsx';

/** What is special about a snapshot, in words. */
export function SnapshotMarks({ snapshot }: { snapshot: Snapshot }): JSX.Element {
  return (
    <>
      {snapshot.state === 'missing' ? <Badge tone="error" word="Missing" /> : null}
      {snapshot.state === 'foreign' ? <Badge tone="neutral" word="Made elsewhere" /> : null}
      {snapshot.incomplete ? <Badge tone="warning" word="Incomplete" /> : null}
    </>
  );
}
