import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { systemChance } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import { writeSecretFile } from '../base/secret-file.ts';
import { createHealth } from '../health/create-health.ts';
import { openStore } from '../store/open-store.ts';
import { createSpacePart } from './space-link.ts';

it('keeps no events for a WebSocket that a Space joined without pairing does not have', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kept-'));
  const path = join(folder, 'state', 'agent.db');
  const store = openStore({ path, clock: systemClock, log: silentLog, keepEvents: 10 });
  const identityPath = join(folder, 'state', 'space.json');
  const identity = { spaceUrl: 'http://127.0.0.1:1', userid: 'did:key:a', token: 't', tokenExpiresAt: 0 };
  writeSecretFile(identityPath, JSON.stringify({ ...identity, clusterId: 'c' }));
  const part = createSpacePart({
    identityPath,
    store,
    health: createHealth({ store, clock: systemClock }),
    clock: systemClock,
    chance: systemChance,
    log: silentLog,
    version: '1',
    machineName: 'm',
    remote: { backup: 'allow', restore: 'ask', plan: 'allow' },
    reconnectBaseMs: 1,
    reconnectMaxMs: 5,
  });
  const running = part.start({
    effects: {} as never,
    findPlan: () => undefined,
    onProgress: () => () => undefined,
  });
  const note = (): void => store.commit((append) => append('notice', { text: 'n' }));
  for (let count = 0; count < 400; count += 1) note();
  // Reports of such a Space go by HTTP; none of these is one, so all are delivered.
  await vi.waitFor(() => expect(part.account.link().pendingReports).toBe(0));
  for (let count = 0; count < 200; count += 1) note();
  expect(store.events.after(0, 1000).length).toBeLessThan(400);
  await running.stop();
  store.close();
  rmSync(folder, { recursive: true });
});
