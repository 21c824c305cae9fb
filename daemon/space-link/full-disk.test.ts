import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../contract/index.ts';
import { systemClock } from '../base/clock.ts';
import { systemChance } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import { createHealth } from '../health/create-health.ts';
import { openStore } from '../store/open-store.ts';
import type { OpenedStore, Store } from '../store/store.ts';
import type { SpaceSession } from './account.ts';
import { createDeviceKey } from './device-key.ts';
import type { Commands } from './commands.ts';
import { startLink } from './link.ts';
import { REPORT_OUTLET } from './outlet-places.ts';
import { startReportOutlet } from './report-outlet.ts';

describe('while the disk of the database is full', () => {
  let folder = '';
  let opened: OpenedStore;
  let isFull = false;
  let refused = 0;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'full-'));
    opened = openStore({ path: join(folder, 'state', 'agent.db'), clock: systemClock, log: silentLog });
    isFull = false;
    refused = 0;
  });
  afterEach(() => {
    opened.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const limited = (): Store => ({
    ...opened,
    commit(change) {
      if (!isFull) return opened.commit(change);
      refused += 1;
      throw new AppError('no_space', 'the disk is full');
    },
  });
  const identity = {
    // Nothing listens there.
    spaceUrl: 'http://127.0.0.1:1',
    userid: 'did:key:a',
    token: 't',
    tokenExpiresAt: 0,
    clusterId: 'c',
    device: { id: crypto.randomUUID(), privateKey: createDeviceKey().privateKey, commandKeys: [] },
  };
  const session = (call: SpaceSession['call']) =>
    ({ identity: () => identity, onChanged: () => undefined, call }) as unknown as SpaceSession;
  const noCall = () => Promise.reject(new Error('not called here'));

  it('the link goes on dialling, and says so again when there is room', async () => {
    const store = limited();
    isFull = true;
    const link = startLink({
      session: session(noCall),
      store,
      commands: {} as Commands,
      health: createHealth({ store, clock: systemClock }),
      clock: systemClock,
      chance: systemChance,
      log: silentLog,
      version: '1',
      reconnectBaseMs: 1,
      reconnectMaxMs: 5,
      onProgress: () => () => undefined,
    });
    await vi.waitFor(() => expect(refused).toBeGreaterThan(3));
    isFull = false;
    await vi.waitFor(() => expect(opened.events.newestSeq()).toBeGreaterThan(0));
    await link.stop();
  });

  it('a report that could not be noted as sent is sent again', async () => {
    const store = limited();
    const call = vi.fn(() => Promise.resolve({ code: 200, data: null, clockOffsetMs: 0 }));
    const plan = { planId: crypto.randomUUID(), name: 'photos', location: 'space' as const };
    opened.commit((append) => append('plan.removed', plan));
    isFull = true;
    const reports = startReportOutlet({
      session: session(call),
      store,
      health: createHealth({ store, clock: systemClock }),
      chance: systemChance,
      log: silentLog,
      context: { plan: () => undefined, ledgerUpTo: () => ({ hasEarlier: false, storedBytes: 0 }) },
      retryBaseMs: 1,
      retryMaxMs: 5,
    });
    await vi.waitFor(() => expect(refused).toBe(1));
    isFull = false;
    opened.commit((append) => append('account.changed', { signedIn: true }));
    await vi.waitFor(() => expect(opened.cursors.get(REPORT_OUTLET)).toBe(2));
    expect(call).toHaveBeenCalledTimes(2);
    await reports.stop();
  });
});
