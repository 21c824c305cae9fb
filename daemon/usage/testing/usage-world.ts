import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HelperResultOf, Location, Plan } from '../../../contract/index.ts';
import { silentLog } from '../../base/log.ts';
import { createHealth } from '../../health/create-health.ts';
import { bookPlans } from '../../maintenance/testing/plan-book.ts';
import { openStore } from '../../store/open-store.ts';
import type { Store } from '../../store/store.ts';
import type { QuotaPolicy } from '../verdict.ts';
import { createUsage } from '../usage.ts';

export const PLAN = '11111111-1111-4111-8111-111111111111';
export const GB = 1024 ** 3;

interface Reading {
  readonly usedBytes: number;
  readonly canBackup: boolean;
  readonly totalBytes?: number;
  readonly price?: { currency: string; perGibMonth: number };
  readonly overageLimitBytes?: number;
}

/** A meter on a real store, with a Space that says what a test wants. */
export function setUp() {
  const root = mkdtempSync(join(tmpdir(), 'usage-'));
  let now = 1_700_000_000_000;
  const clock = { now: () => now, monotonic: () => now };
  const store = openStore({ path: join(root, 'agent.db'), clock, log: silentLog });
  const health = createHealth({ store, clock });
  const plans = bookPlans(store);
  let calls = 0;
  let reading: Reading | Error = {
    usedBytes: GB,
    canBackup: true,
  };
  const space = {
    usage: async () => {
      calls += 1;
      if (reading instanceof Error) throw reading;
      const source = 'space' as const;
      return { source, totalBytes: 10 * GB, freeBytes: 0, planLevel: 1, measuredAt: now, ...reading };
    },
  };
  let isSignedIn = true;
  let account = 'did:key:a';
  let counts = 0;
  let measured: HelperResultOf<'measure'> | undefined;
  const policy: QuotaPolicy = { atLimit: 'stop', payUpTo: undefined };
  const usage = createUsage({
    space: () => (isSignedIn ? space : undefined),
    account: () => account,
    config: { quota: policy },
    measure: async () => {
      counts += 1;
      if (measured === undefined) throw new Error('the helper was lost');
      return measured;
    },
    store,
    health,
    clock,
    log: silentLog,
  });
  return {
    store,
    health,
    usage,
    calls: () => calls,
    counts: () => counts,
    sourcesHold: (expectedBytes: number, more: object = {}) =>
      (measured = { files: 1234, bytes: 2 * expectedBytes, expectedBytes, isWhole: true, ...more }),
    plans,
    reads: (next: typeof reading) => (reading = next),
    signInAs: (other: string) => (account = other),
    signOut: () => (isSignedIn = false),
    pass: (ms: number) => (now += ms),
    makePlan: (location: Location): Plan => plans.make({ id: PLAN, paths: ['/x'], location }),
    snapshots: (...added: number[]) => recordSnapshots(store, added),
    close: () => {
      store.close();
      rmSync(root, { recursive: true });
    },
  };
}

function recordSnapshots(store: Store, added: readonly number[]): void {
  store.commit(() => {
    for (const [index, addedBytes] of added.entries()) {
      const id = `${String(index).padStart(8, '0')}-0000-4000-8000-000000000000`;
      store.snapshots.insert({
        id,
        resticId: id.replaceAll('-', '').padEnd(64, '0'),
        planId: PLAN,
        jobId: null,
        takenAt: index,
        paths: ['/x'],
        filesTotal: null,
        bytesTotal: null,
        addedBytes,
        incomplete: false,
        state: 'present',
      });
    }
  });
}
