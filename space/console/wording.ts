import type { ConsoleCommand, ConsoleDevice } from '../../contract/space/console.ts';

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
  const state = command.request?.state ?? command.status;
  const text = (command.request?.state === undefined ? STATUSES : REQUESTS)[state] ?? state;
  const reason = command.request?.reason ?? (command.code === undefined ? undefined : codeText(command.code));
  const hasEnded = ENDED.has(state);
  const tone = GOOD.has(state) ? 'good' : hasEnded ? 'bad' : 'busy';
  return { text: reason === undefined || tone === 'good' ? text : `${text}: ${reason}`, tone, hasEnded };
}

const codeText = (code: string): string => code.replaceAll('_', ' ');

export function deviceText(device: ConsoleDevice): { text: string; tone: Tone | 'idle' } {
  if (device.isRevoked) return { text: 'revoked', tone: 'bad' };
  return device.isConnected ? { text: 'connected', tone: 'good' } : { text: 'not connected', tone: 'idle' };
}
