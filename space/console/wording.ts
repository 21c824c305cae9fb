import type { ConsoleAccount, ConsoleCommand, ConsoleDevice } from '../../contract/space/console.ts';
import { costOf, priceWords } from '../../contract/usage-text.ts';
import { formatBytes } from './format.ts';

const KINDS: Readonly<Record<string, string>> = {
  'backup.now': 'Back up now',
  'job.cancel': 'Cancel a job',
  'restore.propose': 'Restore to local',
  'restore.cancel': 'Cancel a restore',
  'plan.pause': 'Pause',
  'plan.resume': 'Resume',
  'status.request': 'Tell its status',
  notice: 'Show a notice',
};

const STATUSES: Readonly<Record<string, string>> = {
  queued: 'waits until the machine connects',
  sent: 'on its way',
  received: 'the machine has it',
  waiting: 'waits for a person at the machine',
  done: 'done',
  refused: 'the machine refused it',
  failed: 'failed on the machine',
  expired: 'expired: nobody answered in time',
};

const REQUESTS: Readonly<Record<string, string>> = {
  proposed: 'Waiting for a person at the machine',
  opened: 'Somebody opened it at the machine',
  verified: 'The password was right',
  restoring: 'Restoring',
  placing: 'Putting the files in place',
  done: 'Restored',
  incomplete: 'Restored, but some files could not be',
  failed: 'The restore failed',
  declined: 'Declined at the machine',
  expired: 'Expired: nobody answered in time',
  cancelled: 'Cancelled',
};

const ENDED: ReadonlySet<string> = new Set([
  'done',
  'incomplete',
  'failed',
  'declined',
  'expired',
  'cancelled',
  'refused',
]);
const GOOD: ReadonlySet<string> = new Set(['done']);

export type Tone = 'good' | 'bad' | 'busy';

export const kindText = (kind: string): string => KINDS[kind] ?? kind;

/** Where a command stands: what the machine tells of its request counts more than how the command travelled. */
export function standing(command: ConsoleCommand): { text: string; tone: Tone; hasEnded: boolean } {
  const { status, request } = command;
  const state = request?.state ?? status;
  const words = request?.state === undefined ? STATUSES : REQUESTS;
  const tone = toneOf(state);
  const reason = tone === 'good' ? undefined : reasonOf(command);
  const text = words[state] ?? state;
  return { text: reason === undefined ? text : `${text}: ${reason}`, tone, hasEnded: ENDED.has(state) };
}

const reasonOf = ({ kind, status, request, code, reason }: ConsoleCommand): string | undefined =>
  status === 'waiting' && kind !== 'restore.propose' && request
    ? `olares-backup request approve ${request.code}`
    : (request?.reason ?? reason ?? (code === request?.state ? undefined : code?.replaceAll('_', ' ')));

function toneOf(state: string): Tone {
  if (GOOD.has(state)) return 'good';
  return ENDED.has(state) ? 'bad' : 'busy';
}

export function deviceText(device: ConsoleDevice): { text: string; tone: Tone | 'idle' } {
  if (device.isRevoked) return { text: 'revoked', tone: 'bad' };
  return device.isConnected ? { text: 'connected', tone: 'good' } : { text: 'not connected', tone: 'idle' };
}

export const fullText = ({ usedBytes, totalBytes, overageBytes }: ConsoleAccount): string =>
  usedBytes < totalBytes + overageBytes
    ? 'Full: machines that agreed to the price go on'
    : 'Full: backups stop, nothing stored is lost';

/** What more costs, and what this account pays now. Undefined where nothing is sold. */
export function beyondText(account: ConsoleAccount): string | undefined {
  const { usedBytes, totalBytes, overageBytes, price } = account;
  const rate = priceWords(account);
  if (price === undefined || rate === undefined) return undefined;
  if (overageBytes === 0) return `More costs ${rate}; nothing is sold to this account.`;
  const beyondBytes = Math.max(0, usedBytes - totalBytes);
  const cost = `${costOf(beyondBytes, price.perGibMonth)} ${price.currency} a month`;
  const now = beyondBytes === 0 ? '' : ` Now ${formatBytes(beyondBytes)} for ${cost}.`;
  return `Up to ${formatBytes(overageBytes)} more for ${rate}.${now}`;
}
