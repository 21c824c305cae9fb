import { expect, it } from 'vitest';
import { REQUEST_END_STATES, REQUEST_STATES, type RequestState } from '../../contract/index.ts';
import { nextRequestState, REQUEST_TRANSITIONS } from './request-states.ts';

const next = (state: RequestState): RequestState[] =>
  Object.values(state in REQUEST_TRANSITIONS ? REQUEST_TRANSITIONS[state as 'proposed'] : {});

function reachable(from: RequestState): Set<RequestState> {
  const seen = new Set([from]);
  for (const state of seen) for (const to of next(state)) seen.add(to);
  return seen;
}

it('reaches every state from a proposal', () => {
  expect([...reachable('proposed')].toSorted()).toEqual([...REQUEST_STATES].toSorted());
});

it.each(REQUEST_STATES)('can end when it is %s', (state) => {
  expect([...reachable(state)].some((to) => REQUEST_END_STATES.has(to))).toBe(true);
});

it('has no way out of an end', () => {
  expect([...REQUEST_END_STATES].flatMap(next)).toEqual([]);
});

it('never restores what was not verified', () => {
  expect(nextRequestState('proposed', 'start')).toBeUndefined();
  expect(nextRequestState('opened', 'start')).toBeUndefined();
});
