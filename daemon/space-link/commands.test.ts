import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CommandPayload, RemoteRule } from '../../contract/index.ts';
import { systemClock } from '../base/clock.ts';
import { systemChance } from '../base/ids.ts';
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

const text = JSON.stringify(backupNow);

function commandsOf(backup: RemoteRule = 'allow') {
  const start = vi.fn();
  const commands = createCommands({
    store,
    clock: systemClock,
    chance: systemChance,
    deviceId: () => backupNow.deviceId,
    log: silentLog,
    effects: { backupNow: start } as unknown as CommandEffects,
    remote: { backup, restore: 'ask', plan: 'allow' },
  });
  return { commands, start };
}

const reopen = () => {
  store = openStore({ path: join(folder, 'agent.db'), clock: systemClock, log: silentLog });
};

it.each<[RemoteRule, object, number]>([
  ['allow', { status: 'done' }, 1],
  ['ask', { status: 'waiting' }, 0],
  ['never', { status: 'refused', code: 'not_allowed_here' }, 0],
])('a rule of %s for backups answers %j', (rule, answer, effects) => {
  const { commands, start } = commandsOf(rule);
  expect(commands.receive(backupNow, text)).toMatchObject(answer);
  expect(start).toHaveBeenCalledTimes(effects);
});

describe('an older copy of the database that was put back', () => {
  const putBack = (): void => {
    store.close();
    copyFileSync(join(folder, 'older.db'), join(folder, 'agent.db'));
    for (const end of ['-wal', '-shm']) rmSync(join(folder, `agent.db${end}`), { force: true });
    reopen();
  };
  beforeEach(() => {
    store.close();
    copyFileSync(join(folder, 'agent.db'), join(folder, 'older.db'));
    reopen();
  });

  it('lets no command happen again, and answers it as it was answered', () => {
    const before = commandsOf();
    before.commands.receive(backupNow, text);
    putBack();
    const after = commandsOf();
    expect(store.commands.get(backupNow.commandId)).toBeUndefined();
    expect(after.commands.receive(backupNow, text)).toEqual({
      commandId: backupNow.commandId,
      status: 'done',
    });
    expect(before.start).toHaveBeenCalledTimes(1);
    expect(after.start).not.toHaveBeenCalled();
  });

  it('knows the numbers that were used', () => {
    commandsOf().commands.receive({ ...backupNow, seq: 7 }, text);
    putBack();
    const { commands, start } = commandsOf();
    const other = { ...backupNow, commandId: crypto.randomUUID(), seq: 7 };
    expect(commands.receive(other, JSON.stringify(other))).toMatchObject({ code: 'replayed' });
    expect(commands.receive(backupNow, `${text} `)).toMatchObject({ code: 'id_used_before' });
    expect(start).not.toHaveBeenCalled();
  });

  it('does not bring back a command that was stored but not begun', () => {
    store.commit(() =>
      store.commands.insert({
        commandId: backupNow.commandId,
        deviceId: backupNow.deviceId,
        seq: backupNow.seq,
        kind: backupNow.kind,
        payload: text,
        receivedAt: 0,
        status: 'received',
        code: null,
        requestCode: null,
        reason: null,
      }),
    );
    store.close();
    copyFileSync(join(folder, 'agent.db'), join(folder, 'older.db'));
    reopen();
    const first = commandsOf();
    first.commands.resume();
    putBack();
    const second = commandsOf();
    second.commands.resume();
    expect([first.start.mock.calls.length, second.start.mock.calls.length]).toEqual([1, 0]);
    expect(store.commands.get(backupNow.commandId)?.status).toBe('done');
  });
});

it('a command that had perhaps begun when the power failed is not begun again with a database that forgot it', () => {
  const { commandId, deviceId, seq } = backupNow;
  const { commands, start } = commandsOf();
  const digest = createHash('sha256').update(text).digest('base64');
  store.commandJournal.note({ commandId, deviceId, seq, digest, status: 'received' });
  expect(commands.receive(backupNow, text)).toMatchObject({ status: 'failed', code: 'interrupted' });
  expect(start).not.toHaveBeenCalled();
});

it('more new commands than an honest Space has are refused and leave nothing behind', () => {
  const { commands, start } = commandsOf();
  const answers = Array.from({ length: 400 }, (_, index) => {
    const command = { ...backupNow, commandId: crypto.randomUUID(), seq: index + 1 };
    return commands.receive(command, JSON.stringify(command)).code;
  });
  expect(answers.filter((code) => code === 'busy').length).toBeGreaterThan(100);
  expect(start.mock.calls.length).toBeGreaterThanOrEqual(200);
  expect(store.commands.list(1000).length).toBe(start.mock.calls.length);
});
