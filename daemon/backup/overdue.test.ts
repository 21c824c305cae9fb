import { expect, it } from 'vitest';
import type { Plan } from '../../contract/index.ts';
import { createOverdueCheck, isOverdue } from './overdue.ts';

const DAY_MS = 86_400_000;
const NOW = 1_700_000_000_000;
const plan = (change: Partial<Plan>): Plan =>
  ({
    id: 'p',
    name: 'n',
    state: 'armed',
    schedule: { kind: 'daily', at: '02:00' },
    createdAt: 0,
    ...change,
  }) as Plan;

it.each([
  ['a daily plan one day late', { lastGoodAt: NOW - 1.5 * DAY_MS }, false],
  ['a daily plan two days late', { lastGoodAt: NOW - 2.1 * DAY_MS }, true],
  ['a new plan', { createdAt: NOW - DAY_MS }, false],
  ['a plan that never had a snapshot', { createdAt: NOW - 3 * DAY_MS }, true],
  ['a paused plan', { state: 'paused' as const, lastGoodAt: 0 }, false],
  ['a manual plan', { schedule: { kind: 'manual' as const }, lastGoodAt: 0 }, false],
])('judges %s', (_what, change, expected) => {
  expect(isOverdue(plan(change), NOW)).toBe(expected);
});

it('raises while it is so, with a command that may be copied whatever the name, and clears when it is not', () => {
  const raised = new Map<string, string | undefined>();
  const health = {
    raise: ({ code, hint }: { code: string; hint?: string }) => void raised.set(code, hint),
    clear: (code: string) => void raised.delete(code),
  };
  let lastGoodAt = 0;
  const clock = { now: () => NOW, monotonic: () => NOW };
  const check = createOverdueCheck({
    plans: { list: () => [plan({ lastGoodAt, name: '$(rm x)' })] },
    health,
    clock,
  });
  check();
  expect([...raised]).toEqual([['backup_overdue', "olares-backup backup '$(rm x)'"]]);
  lastGoodAt = NOW;
  check();
  expect([...raised]).toEqual([]);
});
