import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parser, SpaceCommandsAnswer, type CommandPayload } from '../../contract/index.ts';
import { systemClock } from '../base/clock.ts';
import { systemChance } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import { openStore } from '../store/open-store.ts';
import type { OpenedStore } from '../store/store.ts';
import { commandTrail } from './command-trail.ts';
import { createCommands, type CommandEffects } from './commands.ts';

const DEVICE = crypto.randomUUID();
const PLAN = crypto.randomUUID();
const ALL = { limit: 100, after: 0 };

let folder = '';
let store: OpenedStore;
let now = 1_800_000_000_000;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trail-'));
  store = openStore({ path: join(folder, 'agent.db'), clock: systemClock, log: silentLog });
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

let seq = 0;
/** A command of Space and what the agent answers. */
function ask(wish: Pick<CommandPayload, 'kind' | 'params'>): void {
  const commands = createCommands({
    store,
    clock: { now: () => (now += 1000), monotonic: () => now },
    chance: systemChance,
    deviceId: () => DEVICE,
    log: silentLog,
    effects: {
      backupNow: () => undefined,
      proposeRestore: () => ({ code: '7F3K' }),
    } as unknown as CommandEffects,
    remote: { backup: 'allow', restore: 'ask', plan: 'never' },
  });
  seq += 1;
  const command = {
    commandId: crypto.randomUUID(),
    deviceId: DEVICE,
    seq,
    issuedAt: now - 500,
    expiresAt: now + 60_000,
    ...wish,
  } as CommandPayload;
  commands.receive(command, JSON.stringify(command));
}

it('says what was asked and what came of it, newest first, refused ones too', () => {
  ask({ kind: 'backup.now', params: { planId: PLAN } });
  ask({ kind: 'plan.pause', params: { planId: PLAN } });
  ask({ kind: 'notice', params: { text: 'look \u001b[31mhere\u202e' } });
  ask({
    kind: 'restore.propose',
    params: { planId: PLAN, snapshotId: 'ab'.repeat(32), backupUrl: 'https://x/?secret=1', note: 'please' },
  });
  const answer = parser(SpaceCommandsAnswer).parse(commandTrail(store, ALL), 'trail');
  expect(answer).toMatchObject({
    total: 4,
    commands: [
      {
        kind: 'restore.propose',
        status: 'waiting',
        requestCode: '7F3K',
        snapshotId: 'ab'.repeat(32),
        text: 'please',
      },
      { kind: 'notice', status: 'done' },
      { kind: 'plan.pause', status: 'refused', code: 'not_allowed_here', planId: PLAN },
      { kind: 'backup.now', status: 'done', planId: PLAN, deviceId: DEVICE },
    ],
  });
  expect(answer.commands[1]?.text).not.toMatch(/[\u001b\u202e]/);
  expect(JSON.stringify(answer)).not.toContain('secret');
});

it('is given page by page', () => {
  for (let index = 0; index < 5; index += 1) ask({ kind: 'backup.now', params: { planId: PLAN } });
  const all = commandTrail(store, ALL).commands;
  const pages = [0, 2, 4].flatMap((after) => commandTrail(store, { limit: 2, after }).commands);
  expect(pages).toEqual(all);
  expect(commandTrail(store, { limit: 2, after: 9 })).toEqual({ commands: [], total: 5 });
});
