import type { ConsoleAccount } from '../../contract/space/console.ts';
import { BackupCard } from './backup.tsx';
import { DeviceCard } from './device.tsx';
import { formatBytes } from './format.ts';
import type { RestoreWish } from './restore-dialog.tsx';
import { beyondText, fullText } from './wording.ts';

interface AccountProps {
  account: ConsoleAccount;
  now: number;
  onRestore: (wish: RestoreWish) => void;
}

export function AccountSection({ account, now, onRestore }: AccountProps) {
  return (
    <section class="account">
      <h2>{account.olaresName}</h2>
      <UsageMeter account={account} />
      <h3>Backups</h3>
      {account.backups.map((backup) => (
        <BackupCard key={backup.id} account={account} backup={backup} now={now} onRestore={onRestore} />
      ))}
      {account.backups.length === 0 && (
        <p class="empty card">
          No backups yet. On a paired machine: <code>olares-backup plan add NAME --path DIR</code>
        </p>
      )}
      <h3>Machines</h3>
      {account.devices.map((device) => (
        <DeviceCard key={device.id} account={account} device={device} now={now} onRestore={onRestore} />
      ))}
      {account.devices.length === 0 && <p class="empty card">No machine is paired with this account.</p>}
    </section>
  );
}

function UsageMeter({ account }: { account: ConsoleAccount }) {
  const { usedBytes, totalBytes } = account;
  const share = totalBytes === 0 ? 1 : usedBytes / totalBytes;
  const tone = share >= 1 ? 'bad' : share >= 0.8 ? 'busy' : 'good';
  const freeBytes = Math.max(0, totalBytes - usedBytes);
  const beyond = beyondText(account);
  return (
    <div class={`usage card ${tone}`}>
      <div class="row spread">
        <strong>
          {formatBytes(usedBytes)} of {formatBytes(totalBytes)} used
        </strong>
        <span class="muted">{share >= 1 ? fullText(account) : `${formatBytes(freeBytes)} free`}</span>
      </div>
      <progress max={1} value={Math.min(1, share)} aria-label="Storage used" />
      {beyond !== undefined && <p class="muted">{beyond}</p>}
    </div>
  );
}
