import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../base/log.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { createHealth } from './create-health.ts';
import type { Health } from './health.ts';

let dir: string;
let now = 1;
const clock = { now: () => now++, monotonic: () => now };
let store: Store;
let health: Health;
const open = () => {
  store = openStore({ path: join(dir, 'state.db'), clock, log: silentLog });
  health = createHealth({ store, clock });
};
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'health-'));
  open();
});
afterEach(() => {
  store.close();
  rmSync(dir, { recursive: true, force: true });
});
const kinds = () => store.events.after(0, 100).map((event) => event.kind);
const late = { code: 'backup_late', level: 'warning', message: 'no backup for 3 days' } as const;

test('a condition is told once while it stays the same, and again when its words change', () => {
  health.raise(late);
  const { since } = health.list()[0]!;
  health.raise(late);
  health.raise({ ...late, message: 'no backup for 4 days' });
  expect(kinds()).toEqual(['health.raised', 'health.raised']);
  expect(health.list()).toEqual([{ ...late, message: 'no backup for 4 days', since }]);
});

test('is cleared once, for its plan alone', () => {
  health.raise({ ...late, planId: 'a' });
  health.raise({ ...late, planId: 'b' });
  health.clear('backup_late');
  health.clear('backup_late', 'a');
  health.clear('backup_late', 'a');
  expect(health.list().map((condition) => condition.planId)).toEqual(['b']);
  expect(kinds().filter((kind) => kind === 'health.cleared')).toHaveLength(1);
});

test('is cleared with its plan', () => {
  health.raise(late);
  health.raise({ ...late, planId: 'a' });
  health.raise({ ...late, planId: 'gone' });
  health.raise({ ...late, code: 'vanished', planId: 'gone' });
  health.keepPlans(new Set(['a']));
  expect(health.list().map(({ planId }) => planId)).toEqual([undefined, 'a']);
  expect(kinds().filter((kind) => kind === 'health.cleared')).toHaveLength(2);
});

test('stays over a restart until its owner clears it', () => {
  health.raise(late);
  store.close();
  open();
  expect(health.list()).toMatchObject([late]);
});

test('the list shows the worst first, then the oldest', () => {
  health.raise({ ...late, code: 'one' });
  health.raise({ ...late, code: 'two' });
  health.raise({ ...late, code: 'bad', level: 'error' });
  expect(health.list().map((condition) => condition.code)).toEqual(['bad', 'one', 'two']);
});
