import { expect, test } from 'vitest';
import { JOB_END_STATES, JOB_STATES, type JobState } from '../../contract/index.ts';
import { nextState, TRANSITIONS } from './state-table.ts';

const nextOf = (state: JobState): JobState[] => Object.values(TRANSITIONS[state]);

function reachableFrom(start: JobState): Set<JobState> {
  const seen = new Set<JobState>([start]);
  for (const state of seen) for (const next of nextOf(state)) seen.add(next);
  return seen;
}

test('every state is reachable from queued', () => {
  expect([...reachableFrom('queued')].toSorted()).toEqual([...JOB_STATES].toSorted());
});

test.each(JOB_STATES)('a job that is %s can end', (state) => {
  expect([...reachableFrom(state)].some((reached) => JOB_END_STATES.has(reached))).toBe(true);
});

test('what has ended stays ended, and nothing else does', () => {
  for (const state of JOB_STATES) expect(nextOf(state).length === 0).toBe(JOB_END_STATES.has(state));
});

test('a job that has not ended can be cancelled, once', () => {
  for (const state of ['queued', 'waiting', 'running', 'interrupted'] as const) {
    expect(nextState(state, 'cancel')).toMatch(/^cancel/);
  }
  expect(nextState('cancelling', 'cancel')).toBeUndefined();
});
