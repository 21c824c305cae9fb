import { useState } from 'preact/hooks';
import type { ConsoleAccount, ConsoleCommand, ConsoleDevice } from '../../contract/space/console.ts';
import { api } from './api.ts';
import { ActionButton, Badge } from './controls.tsx';
import { formatAgo, formatTime } from './format.ts';
import type { RestoreWish } from './restore-dialog.tsx';
import { deviceText, kindText, standing } from './wording.ts';

interface DeviceProps {
  account: ConsoleAccount;
  device: ConsoleDevice;
  now: number;
  onRestore: (wish: RestoreWish) => void;
}

const COMMANDS_FIRST = 5;

export function DeviceCard({ account, device, now, onRestore }: DeviceProps) {
  const [showsAll, setShowsAll] = useState(false);
  const { text, tone } = deviceText(device);
  const commands = showsAll ? device.commands : device.commands.slice(0, COMMANDS_FIRST);
  const openGuide = (command: ConsoleCommand) => {
    const found = findSnapshot(account, command);
    if (found) onRestore({ ...found, commandId: command.id });
  };
  return (
    <article class="card">
      <div class="row spread">
        <h4>
          {device.machine} <Badge tone={tone}>{text}</Badge>
        </h4>
        {!device.isRevoked && <RevokeButton device={device} />}
      </div>
      <p class="muted">
        agent {device.agentVersion} · paired {formatTime(device.pairedAt)}
        {!device.isConnected &&
          device.lastSeenAt !== undefined &&
          ` · last seen ${formatAgo(device.lastSeenAt, now)}`}
      </p>
      {device.problems.map((problem) => (
        <p key={problem} class="note busy">
          {problem}
        </p>
      ))}
      {!device.isRevoked && <NoticeForm deviceId={device.id} />}
      {commands.length > 0 && (
        <ul class="commands" aria-label="Asked of this machine">
          {commands.map((command) => (
            <CommandRow
              key={command.id}
              command={command}
              device={device}
              now={now}
              onOpen={() => openGuide(command)}
            />
          ))}
        </ul>
      )}
      {device.commands.length > commands.length && (
        <button type="button" class="quiet" onClick={() => setShowsAll(true)}>
          Show all {device.commands.length}
        </button>
      )}
    </article>
  );
}

/** A line of text for whoever looks at the machine. */
function NoticeForm({ deviceId }: { deviceId: string }) {
  const [text, setText] = useState('');
  const send = () => api.command(deviceId, { kind: 'notice', text }).then(() => setText(''));
  return (
    <details>
      <summary>Send a notice</summary>
      <div class="row">
        <label>
          Text shown on the machine
          <input value={text} maxLength={500} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <ActionButton class="quiet" disabled={text === ''} act={send}>
          Send
        </ActionButton>
      </div>
    </details>
  );
}

function RevokeButton({ device }: { device: ConsoleDevice }) {
  const [asks, setAsks] = useState(false);
  if (!asks) {
    return (
      <button type="button" class="quiet" onClick={() => setAsks(true)}>
        Revoke…
      </button>
    );
  }
  return (
    <div class="row">
      <span>It can no longer back up here until it is paired again. Its backups stay.</span>
      <button type="button" class="quiet" onClick={() => setAsks(false)}>
        Keep it
      </button>
      <ActionButton class="danger" act={() => api.revoke(device.id)}>
        Revoke {device.machine}
      </ActionButton>
    </div>
  );
}

interface RowProps {
  command: ConsoleCommand;
  device: ConsoleDevice;
  now: number;
  onOpen: () => void;
}

function CommandRow({ command, device, now, onOpen }: RowProps) {
  const { text, tone, hasEnded } = standing(command);
  const requestId = command.request?.id;
  const isRestore = command.kind === 'restore.propose';
  return (
    <li>
      <div class="grow">
        <strong>{kindText(command.kind)}</strong>{' '}
        <span class="muted">
          asked {formatAgo(command.issuedAt, now)} from the {command.askedBy}
        </span>
        <div>
          <Badge tone={tone}>{text}</Badge>
        </div>
      </div>
      {isRestore && !hasEnded && (
        <button type="button" class="quiet" onClick={onOpen}>
          Open the guide
        </button>
      )}
      {isRestore && !hasEnded && requestId !== undefined && (
        <ActionButton class="quiet" act={() => api.command(device.id, { kind: 'restore.cancel', requestId })}>
          Cancel
        </ActionButton>
      )}
    </li>
  );
}

function findSnapshot(
  account: ConsoleAccount,
  command: ConsoleCommand,
): Omit<RestoreWish, 'commandId'> | undefined {
  for (const backup of account.backups) {
    const snapshot = backup.snapshots.find(({ resticId }) => resticId === command.snapshotId);
    if (snapshot) return { accountId: account.id, backupId: backup.id, backupName: backup.name, snapshot };
  }
  return undefined;
}
