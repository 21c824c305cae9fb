import { expect, test } from 'vitest';
import type { HealthCondition, Job, Plan } from '../../contract/index.ts';
import { healthSentence } from './sentence.ts';

const plan = (change: Partial<Plan>): Plan => ({
  id: '00000000-0000-4000-8000-000000000001',
  name: 'photos',
  paths: ['/srv/photos'],
  excludes: [],
  schedule: { kind: 'daily', at: '03:00' },
  zone: 'UTC',
  location: { kind: 'space' },
  state: 'armed',
  createdAt: 1,
  updatedAt: 1,
  keys: [],
  snapshotCount: 1,
  storedBytes: 1,
  lastGoodAt: 1,
  ...change,
});
const condition = (level: 'warning' | 'error'): HealthCondition => ({
  code: 'x',
  level,
  message: 'It broke.',
  since: 1,
});
const running: Job = {
  id: '00000000-0000-4000-8000-000000000002',
  kind: 'backup',
  planName: 'photos',
  cause: 'user',
  state: 'running',
  attempt: 0,
  createdAt: 1,
};
const quiet = { conditions: [], jobs: [], plans: [plan({})] };

test('an error is told before anything else, work in progress included', () => {
  expect(
    healthSentence({ ...quiet, conditions: [condition('warning'), condition('error')], jobs: [running] }),
  ).toEqual({
    level: 'error',
    sentence: 'Needs attention: It broke.',
  });
});

test('work in progress is told while nothing is wrong', () => {
  expect(healthSentence({ ...quiet, jobs: [running] })).toEqual({
    level: 'busy',
    sentence: 'Backing up "photos" now.',
  });
});

test('a backup that failed and will be tried again is not green, and says why', () => {
  const error = { code: 'unreachable', message: 'the storage cannot be reached' } as const;
  const retried: Job = { ...running, state: 'waiting', reason: error.message, error };
  const sentence = 'The backup of "photos" will be tried again: the storage cannot be reached.';
  expect(healthSentence({ ...quiet, jobs: [retried] })).toEqual({ level: 'waiting', sentence });
  expect(healthSentence({ ...quiet, jobs: [retried], conditions: [condition('warning')] })).toEqual({
    level: 'warning',
    sentence,
  });
  expect(healthSentence({ ...quiet, jobs: [{ ...running, state: 'waiting' }] }).level).toBe('good');
});

test('of several warnings the latest is told', () => {
  const old = { ...condition('warning'), message: 'No recovery words.', since: 1 };
  const recent = { ...condition('warning'), message: 'The source is empty.', since: 2 };
  expect(healthSentence({ ...quiet, conditions: [old, recent] }).sentence).toContain('The source is empty.');
});

test('a warning is never green', () => {
  expect(healthSentence({ ...quiet, conditions: [condition('warning')] }).level).toBe('warning');
});

test.each([
  ['no plan', [], 'waiting'],
  ['an unarmed plan', [plan({ state: 'unarmed' })], 'waiting'],
  ['a plan that never ran well', [{ ...plan({}), lastGoodAt: undefined } as unknown as Plan], 'waiting'],
  ['all paused', [plan({ state: 'paused' })], 'warning'],
  ['a good plan', [plan({})], 'good'],
])('%s', (_name, plans, level) => {
  expect(healthSentence({ ...quiet, plans }).level).toBe(level);
});
