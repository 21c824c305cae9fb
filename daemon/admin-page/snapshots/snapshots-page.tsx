import type { JSX } from 'preact';
import { useCallback } from 'preact/hooks';
import { cleanText, type AgentEvent, type Plan, type Snapshot } from '../../../contract/index.ts';
import { Empty, Fault, Foreign, Loading, When } from '../components/basics.tsx';
import { Icon } from '../components/icon.tsx';
import { WindowList } from '../components/window-list.tsx';
import { counted, formatBytes } from '../format/size.ts';
import { formatShort } from '../format/time.ts';
import { snapshotHref, snapshotsHref } from '../route.ts';
import { useAgent, useAgentState, useEvents, useLoaded, type Loaded } from '../state/context.ts';
import { SnapshotMarks } from './snapshot-marks.tsx';

const ROW_HEIGHT_PX = 68;
const NO_PLANS: readonly Plan[] = [];

/** Every snapshot, newest first, of all plans or one. */
export function SnapshotsPage({ plan }: { plan: string | undefined }): JSX.Element {
  const plans = useAgentState((state) => state.status?.plans ?? NO_PLANS);
  const snapshots = useSnapshots(plan);
  return (
    <>
      <div class="page__head">
        <h1>Snapshots</h1>
        {snapshots.value ? <span class="muted">{counted(snapshots.value.length, 'snapshot')}</span> : null}
      </div>
      {plans.length > 1 || plan !== undefined ? <PlanFilter plans={plans} chosen={plan} /> : null}
      <Fault error={snapshots.error} />
      <SnapshotList snapshots={snapshots} />
    </>
  );
}

function useSnapshots(plan: string | undefined): Loaded<Snapshot[]> {
  const { client } = useAgent();
  const query = plan === undefined ? {} : { plan };
  const loaded = useLoaded(plan ?? '', () => client.call('listSnapshots', { query }));
  const { change } = loaded;
  const take = useCallback(
    (event: AgentEvent) => {
      if (event.kind !== 'snapshot.recorded' && event.kind !== 'snapshot.missing') return;
      const { snapshot } = event.body;
      if (plan !== undefined && plan !== snapshot.planId && plan !== snapshot.planName) return;
      change((old) => withSnapshot(old, snapshot));
    },
    [plan],
  );
  useEvents(take);
  return loaded;
}

const withSnapshot = (list: readonly Snapshot[], snapshot: Snapshot): Snapshot[] =>
  [snapshot, ...list.filter(({ id }) => id !== snapshot.id)].sort((a, b) => b.takenAt - a.takenAt);

function PlanFilter({ plans, chosen }: { plans: readonly Plan[]; chosen: string | undefined }): JSX.Element {
  const choice = (href: string, label: string, isChosen: boolean) => (
    <a class="choice" href={href} {...(isChosen ? { 'aria-current': 'true' as const } : {})}>
      <bdi>{label}</bdi>
    </a>
  );
  return (
    <nav class="choices" aria-label="Plan">
      {choice(snapshotsHref(), 'All plans', chosen === undefined)}
      {plans.map(({ id, name }) =>
        choice(snapshotsHref(id), cleanText(name, 60), chosen === id || chosen === name),
      )}
    </nav>
  );
}

function SnapshotList({ snapshots }: { snapshots: Loaded<Snapshot[]> }): JSX.Element | null {
  const { value, error } = snapshots;
  if (!value) return error ? null : <Loading what="snapshots" />;
  if (value.length === 0) {
    return (
      <div class="card">
        <Empty icon="waiting" title="No snapshots yet">
          <p class="muted">The first one shows up here as soon as it is made.</p>
        </Empty>
      </div>
    );
  }
  return (
    <div class="card card--list">
      <WindowList
        items={value}
        rowHeightPx={ROW_HEIGHT_PX}
        label="Snapshots, newest first"
        keyOf={({ id }) => id}
        renderRow={(snapshot) => <SnapshotRow snapshot={snapshot} />}
      />
    </div>
  );
}

function SnapshotRow({ snapshot }: { snapshot: Snapshot }): JSX.Element {
  const { id, takenAt, planName, filesTotal, bytesTotal, addedBytes } = snapshot;
  return (
    <a class="row__link row__link--snapshot" href={snapshotHref(id)}>
      <span class="row__main">
        <strong>{formatShort(takenAt)}</strong>
        <span class="muted row__second">
          <When at={takenAt} /> · <Foreign text={planName} max={60} />
        </span>
      </span>
      <span class="row__marks">
        <SnapshotMarks snapshot={snapshot} />
      </span>
      <span class="row__numbers number">
        <span>{addedBytes === undefined ? '' : `+ ${formatBytes(addedBytes)}`}</span>
        <span class="muted row__second">
          {[
            filesTotal === undefined ? '' : counted(filesTotal, 'file'),
            bytesTotal === undefined ? '' : formatBytes(bytesTotal),
          ]
            .filter((fact) => fact !== '')
            .join(' · ')}
        </span>
      </span>
      <Icon name="next" size={16} />
    </a>
  );
}
