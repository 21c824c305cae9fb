import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AppError, type AgentEvent, type CommandPayload } from '../../contract/index.ts';
import { systemClock } from '../base/clock.ts';
import { systemChance } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import { openStore } from '../store/open-store.ts';
import type { OpenedStore } from '../store/store.ts';
import { createCommands, type CommandEffects } from './commands.ts';
import { heldCommands } from './held-commands.ts';

const LIFE_MS = 60_000;
const DEVICE = crypto.randomUUID();

let folder = '';
let store: OpenedStore;
let now = 1_800_000_000_000;
let seq = 0;
let device: string | undefined;
let effects: string[] = [];
let failure: AppError | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'held-'));
  open();
  effects = [];
  device = DEVICE;
  failure = undefined;
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

function open(): void {
  store = openStore({ path: join(folder, 'agent.db'), clock: systemClock, log: silentLog });
}

function copyDatabase(from: string, to: string): void {
  store.close();
  copyFileSync(join(folder, from), join(folder, to));
  for (const end of ['-wal', '-shm']) rmSync(join(folder, `agent.db${end}`), { force: true });
  open();
}

const begin = (name: string) => (): void => {
  if (failure) throw failure;
  effects.push(name);
};

const commandsNow = () =>
  createCommands({
    store,
    clock: { now: () => now, monotonic: () => now },
    chance: systemChance,
    deviceId: () => device,
    log: silentLog,
    effects: {
      backupNow: begin('backup'),
      cancelJob: begin('cancel'),
      pausePlan: begin('pause'),
      resumePlan: begin('resume'),
    } as unknown as CommandEffects,
    remote: { backup: 'ask', restore: 'ask', plan: 'ask' },
  });

const planId = () => ({ planId: crypto.randomUUID() });

function ask(kind: CommandPayload['kind'], params: object = planId()) {
  seq += 1;
  const bounds = { deviceId: DEVICE, seq, issuedAt: now, expiresAt: now + LIFE_MS };
  const command = { commandId: crypto.randomUUID(), ...bounds, kind, params } as CommandPayload;
  const text = JSON.stringify(command);
  return { command, text, result: commandsNow().receive(command, text) };
}

/** What Space is told, by the events since the beginning. */
const told = () =>
  store.events
    .after(0, 100)
    .map((event: AgentEvent) => commandsNow().resultAfter(event))
    .filter((result) => result !== undefined);

it.each([
  ['backup.now', planId(), 'backup'],
  ['job.cancel', { jobId: crypto.randomUUID() }, 'cancel'],
  ['plan.pause', planId(), 'pause'],
  ['plan.resume', planId(), 'resume'],
] as const)('%s waits for a person, over a restart, and happens once after a yes', (kind, params, effect) => {
  const { command, text, result } = ask(kind, params);
  expect(result).toEqual({
    commandId: command.commandId,
    status: 'waiting',
    requestCode: expect.any(String),
  });
  store.close();
  open();
  expect(effects).toEqual([]);
  const [held] = heldCommands(store);
  expect(held).toMatchObject({ kind, requestCode: result.requestCode, expiresAt: now + LIFE_MS });

  const answered = commandsNow().answer(String(result.requestCode).toLowerCase(), { allow: true });
  expect(answered).toMatchObject({ id: command.commandId, status: 'done' });
  expect(effects).toEqual([effect]);
  expect(heldCommands(store)).toEqual([]);
  expect(told().at(-1)).toMatchObject({ commandId: command.commandId, status: 'done' });

  expect(commandsNow().receive(command, text)).toMatchObject({ status: 'done' });
  expect(() => commandsNow().answer(command.commandId, { allow: true })).toThrow(/nothing .* waits/);
  commandsNow().resume();
  expect(effects).toEqual([effect]);
});

it('a no ends it without an effect, and Space hears why', () => {
  const { command } = ask('backup.now');
  const answer = { allow: false, reason: 'not \u001b[31mnow' };
  expect(commandsNow().answer(command.commandId, answer)).toMatchObject({
    status: 'refused',
    code: 'declined',
  });
  expect(told().at(-1)).toMatchObject({
    status: 'refused',
    code: 'declined',
    reason: expect.stringMatching(/^not .*now$/),
  });
  expect(JSON.stringify(told())).not.toContain('\u001b');
  expect(effects).toEqual([]);
});

it('nobody can say yes when its time is over, and Space hears that it expired', () => {
  const { command } = ask('backup.now');
  now += LIFE_MS;
  expect(() => commandsNow().answer(command.commandId, { allow: true })).toThrow(AppError);
  commandsNow().expire();
  expect(heldCommands(store)).toEqual([]);
  expect(told().at(-1)).toMatchObject({ status: 'expired' });
  expect(effects).toEqual([]);
});

it('what a Space asked that was left since is asked no more', () => {
  ask('backup.now');
  device = crypto.randomUUID();
  commandsNow().expire();
  expect(heldCommands(store)).toEqual([]);
  // Another Space knows nothing of it.
  expect(told()).toEqual([]);
  expect(effects).toEqual([]);
});

it('what can not be done any more says why, and does not wait on', () => {
  const { command } = ask('job.cancel', { jobId: crypto.randomUUID() });
  failure = new AppError('conflict', 'the job ended already');
  expect(() => commandsNow().answer(command.commandId, { allow: true })).toThrow('the job ended already');
  expect(heldCommands(store)).toEqual([]);
  expect(told().at(-1)).toMatchObject({ status: 'refused', code: 'conflict' });
});

it('does not happen again when an older copy of the database, in which it waits, is put back', () => {
  const { command } = ask('backup.now');
  copyDatabase('agent.db', 'older.db');
  commandsNow().answer(command.commandId, { allow: true });
  copyDatabase('older.db', 'agent.db');
  expect(heldCommands(store)).toHaveLength(1);
  expect(() => commandsNow().answer(command.commandId, { allow: true })).toThrow(/nothing .* waits/);
  expect(told().at(-1)).toMatchObject({ status: 'done' });
  expect(effects).toEqual(['backup']);
});

it('the same is held once, and not more than a person can look at', () => {
  const params = planId();
  ask('backup.now', params);
  expect(ask('backup.now', params).result).toMatchObject({ status: 'refused', code: 'asked_already' });
  expect(ask('plan.pause', params).result.status).toBe('waiting');
  const answers = Array.from({ length: 30 }, () => ask('backup.now').result.code);
  expect(answers.filter((code) => code === 'busy')).toHaveLength(12);
  expect(heldCommands(store)).toHaveLength(20);
});
