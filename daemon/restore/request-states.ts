import type { RequestState } from '../../contract/index.ts';

/** What can happen to a request, and what it then is. One pending thing at a time; end states have no row. */
export const REQUEST_TRANSITIONS = {
  proposed: { open: 'opened', decline: 'declined', expire: 'expired', cancel: 'cancelled' },
  opened: { verify: 'verified', decline: 'declined', expire: 'expired', cancel: 'cancelled' },
  verified: { start: 'restoring', reopen: 'opened', fail: 'failed', cancel: 'cancelled' },
  restoring: {
    place: 'placing',
    done: 'done',
    partial: 'incomplete',
    reopen: 'opened',
    fail: 'failed',
    cancel: 'cancelled',
  },
  placing: { done: 'done', partial: 'incomplete', fail: 'failed', cancel: 'cancelled' },
} as const satisfies Partial<Record<RequestState, Readonly<Record<string, RequestState>>>>;

type Table = typeof REQUEST_TRANSITIONS;
export type RequestEvent = { [S in keyof Table]: keyof Table[S] }[keyof Table];

/** @returns undefined when that can't happen to a request in this state */
export function nextRequestState(state: RequestState, event: RequestEvent): RequestState | undefined {
  const row: Readonly<Record<string, RequestState>> | undefined =
    state in REQUEST_TRANSITIONS ? REQUEST_TRANSITIONS[state as keyof Table] : undefined;
  return row?.[event];
}
