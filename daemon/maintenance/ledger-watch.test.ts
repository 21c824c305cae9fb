import { expect, it } from 'vitest';
import type { Plan } from '../../contract/index.ts';
import { silentLog } from '../base/log.ts';
import { createLedgerWatch, LOOK_EVERY_MS } from './ledger-watch.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function watchOf(plans: readonly Partial<Plan>[]) {
  const facts = new Map<string, unknown>();
  const looks: string[] = [];
  const state = { now: 1_800_000_000_000, monotonic: 0, isIdle: true, isReachable: true };
  const watch = createLedgerWatch({
    plans: { list: () => plans as Plan[] },
    store: {
      facts: { get: (key) => facts.get(key), set: (key, value) => void facts.set(key, value) },
      commit: (change) => change(),
    },
    look: (plan) => {
      looks.push(plan.id);
      return state.isReachable ? Promise.resolve() : Promise.reject(new Error('not there'));
    },
    isIdle: () => state.isIdle,
    clock: { now: () => state.now, monotonic: () => state.monotonic },
    log: silentLog,
  });
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += MINUTE_MS) {
      state.now += MINUTE_MS;
      state.monotonic += MINUTE_MS;
      await watch();
    }
  };
  return { looks, state, pass };
}

const TWO = [
  { id: 'a', state: 'armed' },
  { id: 'b', state: 'paused' },
  { id: 'c', state: 'unarmed' },
] as const;

it('looks at each repository, one at a time, once a cycle', async () => {
  const { looks, pass } = watchOf(TWO);
  await pass(LOOK_EVERY_MS);
  expect(looks).toEqual(['a', 'b']);
  await pass(LOOK_EVERY_MS);
  expect(looks).toEqual(['a', 'b', 'a', 'b']);
});

it('waits while there is work', async () => {
  const { looks, state, pass } = watchOf(TWO);
  state.isIdle = false;
  await pass(2 * LOOK_EVERY_MS);
  expect(looks).toEqual([]);
  state.isIdle = true;
  await pass(MINUTE_MS);
  expect(looks).toEqual(['a']);
});

it('looks again in an hour at what could not be read', async () => {
  const { looks, state, pass } = watchOf(TWO.slice(0, 1));
  state.isReachable = false;
  await pass(2 * HOUR_MS);
  expect(looks).toHaveLength(2);
});

it('looks again when the clock was set back by years', async () => {
  const { looks, state, pass } = watchOf(TWO.slice(0, 1));
  await pass(MINUTE_MS);
  state.now -= 10 * 365 * 24 * HOUR_MS;
  await pass(HOUR_MS);
  expect(looks).toHaveLength(2);
});
