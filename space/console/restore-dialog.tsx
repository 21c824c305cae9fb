import { useEffect, useRef, useState } from 'preact/hooks';
import type {
  ConsoleAccount,
  ConsoleCommand,
  ConsoleDevice,
  ConsoleSnapshot,
  ConsoleState,
} from '../../contract/space/console.ts';
import { api } from './api.ts';
import { ActionButton, CommandLine, ProgressBar } from './controls.tsx';
import { formatAgo, formatBytes, formatTime } from './format.ts';
import { standing } from './wording.ts';

export interface RestoreWish {
  accountId: string;
  backupId: string;
  backupName: string;
  snapshot: ConsoleSnapshot;
  /** Of a restore that was asked for before: the guide opens at once. */
  commandId?: string;
}

interface DialogProps {
  wish: RestoreWish;
  state: ConsoleState;
  onClose: () => void;
}

/** Asks a machine for a restore, then shows what to type there and how far it is. */
export function RestoreDialog({ wish, state, onClose }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [commandId, setCommandId] = useState(wish.commandId);
  useEffect(() => dialog.current?.showModal(), []);
  const account = state.accounts.find(({ id }) => id === wish.accountId);
  const found = commandId === undefined ? undefined : findCommand(account, commandId);
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="restore-title">
      <h2 id="restore-title">Restore {wish.backupName} to local</h2>
      <p class="muted">
        Snapshot of {formatTime(wish.snapshot.takenAt)}, {formatAgo(wish.snapshot.takenAt, state.serverTime)},{' '}
        {formatBytes(wish.snapshot.sizeBytes)}
      </p>
      {commandId === undefined && account && <Ask wish={wish} account={account} onAsked={setCommandId} />}
      {commandId !== undefined && (found ? <Guide {...found} /> : <p class="muted">Asking the machine…</p>)}
      <form method="dialog" class="row end">
        <button type="submit" class="quiet">
          Close
        </button>
      </form>
    </dialog>
  );
}

interface AskProps {
  wish: RestoreWish;
  account: ConsoleAccount;
  onAsked: (commandId: string) => void;
}

function Ask({ wish, account, onAsked }: AskProps) {
  const devices = account.devices.filter(({ isRevoked }) => !isRevoked);
  const source = account.backups.find(({ id }) => id === wish.backupId)?.deviceId;
  const [deviceId, setDeviceId] = useState(devices.find(({ id }) => id === source)?.id ?? devices[0]?.id);
  const [note, setNote] = useState('');
  if (deviceId === undefined)
    return <p class="note bad">No machine is paired. Pair the one to restore to first.</p>;
  const ask = () => {
    const { accountId, backupId, snapshot } = wish;
    return api
      .restore({ accountId, backupId, snapshotId: snapshot.id, deviceId, note })
      .then((answer) => onAsked(answer.commandId));
  };
  return (
    <>
      <p>
        This only asks the machine. Nothing there changes until a person types the password at the machine and
        says where the files go.
      </p>
      <label>
        Machine
        <select value={deviceId} onChange={(event) => setDeviceId(event.currentTarget.value)}>
          {devices.map((device) => (
            <option key={device.id} value={device.id}>
              {device.machine}
              {device.isConnected ? '' : ' (not connected)'}
            </option>
          ))}
        </select>
      </label>
      <label>
        Note for the person there (optional)
        <input value={note} maxLength={500} onInput={(event) => setNote(event.currentTarget.value)} />
      </label>
      <div class="row end">
        <ActionButton act={ask}>Ask the machine</ActionButton>
      </div>
    </>
  );
}

function Guide({ command, device }: { command: ConsoleCommand; device: ConsoleDevice }) {
  const { text, tone, hasEnded } = standing(command);
  const job = device.jobs.find(({ kind }) => kind === 'restore');
  const code = command.request?.code;
  return (
    <>
      <p class={`note ${tone}`} role="status">
        {text}
      </p>
      {job && !hasEnded && <ProgressBar fraction={job.fraction} label="Restore progress" />}
      {!hasEnded && (
        <ol class="guide">
          <li>
            Open a terminal on <strong>{device.machine}</strong>
            {!device.isConnected && (
              <span class="muted">
                {' '}
                (it is not connected now and gets the request when it is, within a day)
              </span>
            )}
          </li>
          <li>
            Type this command:
            {code === undefined ? (
              <p class="muted">The code comes as soon as the machine answers…</p>
            ) : (
              <CommandLine text={`olares-backup restore ${code}`} />
            )}
          </li>
          <li>
            It shows the snapshot and asks where the files go: a new directory, unless you say otherwise.
          </li>
          <li>
            <strong>Type your password there, never here.</strong> This Space does not know it and never asks
            for it.
          </li>
          <li>Watch the progress here or there. At its end it tells where the files are.</li>
        </ol>
      )}
    </>
  );
}

function findCommand(
  account: ConsoleAccount | undefined,
  id: string,
): { command: ConsoleCommand; device: ConsoleDevice } | undefined {
  for (const device of account?.devices ?? []) {
    const command = device.commands.find((candidate) => candidate.id === id);
    if (command) return { command, device };
  }
  return undefined;
}
