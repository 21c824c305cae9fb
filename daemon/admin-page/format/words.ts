import type {
  HealthLevel,
  Job,
  JobCause,
  JobKind,
  JobState,
  LinkState,
  Location,
  PlanState,
  ProgressPhase,
  RequestOrigin,
  RequestState,
  Schedule,
} from '../../../contract/index.ts';

/** How something is shown: a colour, an icon and always a word beside them. */
export type Tone = 'good' | 'busy' | 'waiting' | 'warning' | 'error' | 'neutral';
export interface Wording {
  readonly tone: Tone;
  readonly word: string;
}

export const HEALTH_WORDS: Readonly<Record<HealthLevel, string>> = {
  good: 'All good',
  busy: 'Working',
  waiting: 'Waiting',
  warning: 'Worth a look',
  error: 'Needs attention',
};

export const JOB_STATE_WORDS: Readonly<Record<JobState, Wording>> = {
  queued: { tone: 'waiting', word: 'Queued' },
  waiting: { tone: 'waiting', word: 'Waiting' },
  running: { tone: 'busy', word: 'Running' },
  cancelling: { tone: 'busy', word: 'Stopping' },
  interrupted: { tone: 'warning', word: 'Interrupted' },
  succeeded: { tone: 'good', word: 'Succeeded' },
  incomplete: { tone: 'warning', word: 'Incomplete' },
  failed: { tone: 'error', word: 'Failed' },
  cancelled: { tone: 'neutral', word: 'Cancelled' },
};

export const JOB_KIND_WORDS: Readonly<Record<JobKind, string>> = {
  backup: 'Backup',
  restore: 'Restore',
  check: 'Check',
};
const RUNNING_WORDS: Readonly<Record<JobKind, string>> = {
  backup: 'Backing up',
  restore: 'Restoring',
  check: 'Checking',
};

/** The verb of a job without its object, by what it does now. */
export const runningWord = ({ kind, state }: Pick<Job, 'kind' | 'state'>): string =>
  state === 'running' ? (RUNNING_WORDS[kind] ?? 'Working on') : (JOB_KIND_WORDS[kind] ?? 'Job');

export const JOB_CAUSE_WORDS: Readonly<Record<JobCause, string>> = {
  schedule: 'by schedule',
  missed: 'made up for a missed run',
  user: 'asked for on this machine',
  space: 'asked for by Space',
  request: 'by a restore request',
};

export const PHASE_WORDS: Readonly<Record<ProgressPhase, string>> = {
  preparing: 'Preparing',
  scanning: 'Looking for changes',
  uploading: 'Uploading',
  downloading: 'Downloading',
  verifying: 'Verifying',
  placing: 'Putting files in place',
  finishing: 'Sending the last of it',
};

export const PLAN_STATE_WORDS: Readonly<Record<PlanState, Wording>> = {
  armed: { tone: 'good', word: 'Active' },
  paused: { tone: 'neutral', word: 'Paused' },
  unarmed: { tone: 'warning', word: 'Not set up' },
};

export const REQUEST_STATE_WORDS: Readonly<Record<RequestState, Wording>> = {
  proposed: { tone: 'waiting', word: 'Waits for you' },
  opened: { tone: 'busy', word: 'Opened at a terminal' },
  verified: { tone: 'busy', word: 'Password accepted' },
  restoring: { tone: 'busy', word: 'Restoring' },
  placing: { tone: 'busy', word: 'Putting files in place' },
  done: { tone: 'good', word: 'Done' },
  incomplete: { tone: 'warning', word: 'Incomplete' },
  failed: { tone: 'error', word: 'Failed' },
  declined: { tone: 'neutral', word: 'Declined' },
  expired: { tone: 'neutral', word: 'Expired' },
  cancelled: { tone: 'neutral', word: 'Cancelled' },
};

export const REQUEST_ORIGIN_WORDS: Readonly<Record<RequestOrigin, string>> = {
  space: 'Space asks to restore',
  user: 'Prepared at a terminal',
  page: 'Prepared on this page',
};

export const LINK_WORDS: Readonly<Record<LinkState, Wording>> = {
  unpaired: { tone: 'neutral', word: 'Not connected to a Space' },
  offline: { tone: 'warning', word: 'Offline' },
  dialing: { tone: 'waiting', word: 'Connecting' },
  greeting: { tone: 'waiting', word: 'Connecting' },
  replaying: { tone: 'busy', word: 'Sending reports' },
  live: { tone: 'good', word: 'Connected' },
  'backing-off': { tone: 'warning', word: 'Not reachable, trying again' },
  rejected: { tone: 'error', word: 'Refused by Space' },
  'http-only': { tone: 'good', word: 'Connected without live commands' },
};

const UNKNOWN: Wording = { tone: 'neutral', word: 'Unknown' };

/** A newer daemon may send a state that this page has no words for. */
export function wordingOf<K extends string>(table: Readonly<Record<K, Wording>>, key: K): Wording {
  return table[key] ?? UNKNOWN;
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** `Every day at 02:00`; the zone is shown beside it. */
export function scheduleWords(schedule: Schedule): string {
  switch (schedule.kind) {
    case 'manual':
      return 'Only when you start it';
    case 'hourly':
      return schedule.minute === 0 ? 'Every hour, on the hour' : `Every hour, ${schedule.minute} min past`;
    case 'daily':
      return `Every day at ${schedule.at}`;
    case 'weekly':
      return `Every ${DAYS[schedule.day] ?? 'week'} at ${schedule.at}`;
    case 'monthly':
      return schedule.day > 28
        ? `Day ${schedule.day} of every month (or its last) at ${schedule.at}`
        : `Day ${schedule.day} of every month at ${schedule.at}`;
    case 'cron':
      return `Cron ${schedule.expression}`;
  }
}

export function locationWords(location: Location): string {
  switch (location.kind) {
    case 'space':
      return ['Olares Space', location.regionId].filter((part) => part !== undefined).join(', ');
    case 'directory':
      return location.path;
    default:
      // An address of a REST server may carry a name and password.
      return location.address.replace(/\/\/[^/@]*@/, '//');
  }
}
