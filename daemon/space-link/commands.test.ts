import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { CommandPayload, RemoteRule } from '../../contract/index.ts';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { openStore } from '../store/open-store.ts';
import type { OpenedStore } from '../store/store.ts';
import { createCommands, type CommandEffects } from './commands.ts';

let folder = '';
let store: OpenedStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'commands-'));
  store = openStore({ path: join(folder, 'agent.db'), clock: systemClock, log: silentLog });
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

const backupNow = {
  commandId: crypto.randomUUID(),
  deviceId: crypto.randomUUID(),
  seq: 1,
  kind: 'backup.now',
  issuedAt: 0,
  expiresAt: 1,
  params: { planId: crypto.randomUUID() },
} as const satisfies CommandPayload;

it.each<[RemoteRule, object, number]>([
  ['allow', { status: 'done' }, 1],
  ['ask', { status: 'refused', code: 'ask_at_machine' }, 0],
  ['never', { status: 'refused', code: 'not_allowed_here' }, 0],
])('a rule of %s for backups answers %j', (rule, answer, effects) => {
  const start = vi.fn();
  const commands = createCommands({
    store,
    clock: systemClock,
    log: silentLog,
    effects: { backupNow: start } as unknown as CommandEffects,
    remote: { backup: rule, restore: 'ask', plan: 'allow' },
  });
  expect(commands.receive(backupNow, JSON.stringify(backupNow))).toMatchObject(answer);
  expect(start).toHaveBeenCalledTimes(effects);
});
