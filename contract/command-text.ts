import type { SpaceCommand } from './model/space-command.ts';

const KIND_WORDS: Readonly<Record<string, string>> = {
  'backup.now': 'back up now',
  'job.cancel': 'cancel a job',
  'restore.propose': 'restore',
  'restore.cancel': 'cancel a restore',
  'plan.pause': 'pause a plan',
  'plan.resume': 'resume a plan',
  'status.request': 'tell the status',
  notice: 'show a notice',
};

const STATUS_WORDS: Readonly<Record<string, string>> = {
  received: 'not carried out yet',
  waiting: 'waits for a person here',
};

const CODE_WORDS: Readonly<Record<string, string>> = {
  not_allowed_here: 'not allowed on this machine',
  asked_already: 'asked already, and waits for a person here',
  busy: 'too much waits already',
  declined: 'declined at this machine',
  incomplete: 'some files could not be restored',
};

/** What was asked, e.g. `back up now`. */
export const commandWords = ({ kind }: Pick<SpaceCommand, 'kind'>): string => KIND_WORDS[kind] ?? kind;

/** What came of it, e.g. `refused: not allowed on this machine`. */
export function commandResultWords(command: Pick<SpaceCommand, 'status' | 'code' | 'reason'>): string {
  const { status, code, reason } = command;
  const words = STATUS_WORDS[status] ?? status;
  if (code === undefined || code === status) return words;
  const why = CODE_WORDS[code] ?? code.replaceAll('_', ' ');
  return `${words}: ${why}${reason === undefined ? '' : ` (${reason})`}`;
}

/** What it was about: plan, snapshot, job or request. Undefined where there is nothing to name. */
export function commandSubject(command: SpaceCommand): string | undefined {
  const { planId, planName, snapshotId, jobId, requestId, requestCode } = command;
  const parts = [
    planName ?? (planId && `plan ${planId.slice(0, 8)}, which is gone`),
    snapshotId && `snapshot ${snapshotId.slice(0, 8)}`,
    jobId && `job ${jobId.slice(0, 8)}`,
    requestId && `request ${requestId.slice(0, 8)}`,
    requestCode,
  ].filter((part) => part !== undefined && part !== '');
  return parts.length === 0 ? undefined : parts.join(', ');
}
