import { useState } from 'preact/hooks';
import type {
  ConsoleAccount,
  ConsoleBackup,
  ConsoleJob,
  ConsoleSnapshot,
} from '../../contract/space/console.ts';
import { api } from './api.ts';
import { ActionButton, Badge, ProgressBar } from './controls.tsx';
import { formatAgo, formatBytes, formatTime, plural } from './format.ts';
import type { RestoreWish } from './restore-dialog.tsx';

interface BackupProps {
  account: ConsoleAccount;
  backup: ConsoleBackup;
  now: number;
  onRestore: (wish: RestoreWish) => void;
}

export function BackupCard({ account, backup, now, onRestore }: BackupProps) {
  const [older, setOlder] = useState<ConsoleSnapshot[]>([]);
  const known = new Set(backup.snapshots.map(({ id }) => id));
  const shown = [...backup.snapshots, ...older.filter(({ id }) => !known.has(id))];
  const more = backup.snapshotCount - shown.length;
  const loadMore = () =>
    api
      .moreSnapshots(account.id, backup.id, shown.length)
      .then((found) => setOlder((old) => [...old, ...found]));
  const restore = (snapshot: ConsoleSnapshot) =>
    onRestore({ accountId: account.id, backupId: backup.id, snapshot, backupName: backup.name });
  return (
    <article class="card backup">
      <BackupHead account={account} backup={backup} now={now} />
      {shown.length === 0 && <p class="empty">No snapshot yet.</p>}
      {shown.length > 0 && <SnapshotTable snapshots={shown} now={now} onRestore={restore} />}
      {more > 0 && (
        <ActionButton class="quiet" act={loadMore}>
          Show {Math.min(more, 100)} more of {plural(more, 'older snapshot')}
        </ActionButton>
      )}
    </article>
  );
}

function BackupHead({ account, backup, now }: Omit<BackupProps, 'onRestore'>) {
  const device = account.devices.find(({ id }) => id === backup.deviceId);
  const running = device?.jobs.find(({ kind, planId }) => kind === 'backup' && planId === backup.id);
  const isRemoved = backup.stoppedAt !== undefined;
  return (
    <>
      <div class="row spread">
        <h4>
          {backup.name} {isRemoved && <Badge tone="idle">removed on the machine</Badge>}
          {backup.planState === 'paused' && <Badge tone="busy">paused</Badge>}
        </h4>
        {device && !device.isRevoked && !isRemoved && <BackupActions backup={backup} deviceId={device.id} />}
      </div>
      <p class="muted">
        {device ? `${device.machine} · ` : ''}
        <span class="path">{backup.path}</span>
      </p>
      <p class="muted">{lastText(backup, now)}</p>
      {running && device && <RunningBackup job={running} deviceId={device.id} />}
    </>
  );
}

function lastText({ lastSnapshotAt, storedBytes }: ConsoleBackup, now: number): string {
  const stored = storedBytes === undefined ? '' : ` · ${formatBytes(storedBytes)} stored`;
  return lastSnapshotAt === undefined
    ? 'no good snapshot yet'
    : `last good snapshot ${formatAgo(lastSnapshotAt, now)}${stored}`;
}

function RunningBackup({ job, deviceId }: { job: ConsoleJob; deviceId: string }) {
  const reason = job.reason === undefined ? '' : ` (${job.reason})`;
  return (
    <div class="running">
      <div class="row spread">
        <span>
          Backing up: {job.phase ?? job.state}
          {reason}
        </span>
        <ActionButton class="quiet" act={() => api.command(deviceId, { kind: 'job.cancel', jobId: job.id })}>
          Cancel
        </ActionButton>
      </div>
      <ProgressBar fraction={job.fraction} label="Backup progress" />
    </div>
  );
}

function BackupActions({ backup, deviceId }: { backup: ConsoleBackup; deviceId: string }) {
  const isPaused = backup.planState === 'paused';
  const planId = backup.id;
  return (
    <div class="row">
      <ActionButton
        class="quiet"
        act={() => api.command(deviceId, { kind: isPaused ? 'plan.resume' : 'plan.pause', planId })}
      >
        {isPaused ? 'Resume' : 'Pause'}
      </ActionButton>
      <ActionButton act={() => api.command(deviceId, { kind: 'backup.now', planId })}>
        Back up now
      </ActionButton>
    </div>
  );
}

const TONES: Readonly<Record<string, string>> = {
  Completed: 'good',
  Pending: 'busy',
  Running: 'busy',
  Failed: 'bad',
  Rejected: 'bad',
  Canceled: 'idle',
};

interface TableProps {
  snapshots: readonly ConsoleSnapshot[];
  now: number;
  onRestore: (snapshot: ConsoleSnapshot) => void;
}

function SnapshotTable({ snapshots, now, onRestore }: TableProps) {
  return (
    <table>
      <thead>
        <tr>
          <th>Snapshot</th>
          <th>Size</th>
          <th>Type</th>
          <th>Status</th>
          <th aria-label="Restore" />
        </tr>
      </thead>
      <tbody>
        {snapshots.map((snapshot) => (
          <tr key={snapshot.id}>
            <td data-label="Snapshot">
              {formatTime(snapshot.takenAt)} <span class="muted">{formatAgo(snapshot.takenAt, now)}</span>
            </td>
            <td data-label="Size">
              {snapshot.status === 'Completed' ? formatBytes(snapshot.sizeBytes) : '–'}
            </td>
            <td data-label="Type">{snapshot.type === 'unknown' ? '–' : snapshot.type}</td>
            <td data-label="Status">
              <Badge tone={TONES[snapshot.status] ?? 'idle'}>{snapshot.status}</Badge>
              {snapshot.message !== undefined && <div class="muted reason">{snapshot.message}</div>}
            </td>
            <td class="act">
              {snapshot.resticId !== '' && (
                <button type="button" class="quiet" onClick={() => onRestore(snapshot)}>
                  Restore to local
                </button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
