import type { JobState } from '../../contract/index.ts';

/** Everything that can happen to a job, as data: what is not here can't happen. */
export const TRANSITIONS = {
  queued: { start: 'running', block: 'waiting', cancel: 'cancelled' },
  waiting: { unblock: 'queued', cancel: 'cancelled', expire: 'failed' },
  running: {
    done: 'succeeded',
    partial: 'incomplete',
    retry: 'waiting',
    fail: 'failed',
    cancel: 'cancelling',
    interrupt: 'interrupted',
  },
  cancelling: {
    stopped: 'cancelled',
    done: 'succeeded',
    partial: 'incomplete',
    fail: 'failed',
    interrupt: 'cancelled',
  },
  interrupted: { requeue: 'queued', fail: 'failed', cancel: 'cancelled' },
  succeeded: {},
  incomplete: {},
  failed: {},
  cancelled: {},
} as const satisfies Record<JobState, Readonly<Record<string, JobState>>>;

type EventsOf<Row> = Row extends unknown ? keyof Row : never;
export type JobEvent = EventsOf<(typeof TRANSITIONS)[JobState]>;

/** @returns undefined when the event can't happen in this state */
export function nextState(from: JobState, event: JobEvent): JobState | undefined {
  const row: Partial<Record<JobEvent, JobState>> = TRANSITIONS[from];
  return row[event];
}
