import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  AppError,
  type HelperProgress,
  type HelperRequestOf,
  type StorageCredentials,
} from '../../contract/index.ts';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { createEngine } from './create-engine.ts';
import { CREDENTIALS_STALL, SIGN_IN_STALL } from './credential-supply.ts';
import type { Engine } from './engine.ts';
import { startTicksOf } from './leftovers.ts';
import { createSpawnLauncher } from './spawn-launcher.ts';

const HELPER = join(import.meta.dirname, 'testing/scripted-helper.mjs');

let stateDir: string;
let engine: Engine;

function makeEngine(
  command: readonly string[] = [process.execPath, HELPER],
  more: { recoverInterruptMs?: number; signInPatienceMs?: number } = {},
): Engine {
  return createEngine({
    launcher: createSpawnLauncher({ command, stateDir, resticBin: '/restic', log: silentLog }),
    stateDir,
    clock: systemClock,
    log: silentLog,
    cancelGraceMs: 300,
    recoverPoliteMs: 100,
    recoverInterruptMs: 200,
    ...more,
  });
}

const backup = (way: string): HelperRequestOf<'backup'> => ({
  verb: 'backup',
  access: { address: '/repository', options: {}, credentials: { kind: 'none' } },
  host: 'host',
  paths: [way],
  excludes: [],
  tags: [],
  repairFirst: false,
});

const credentials = (accessKeyId: string): StorageCredentials => ({
  accessKeyId,
  secretAccessKey: 's',
  sessionToken: 't',
  expiresAt: 1,
});

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'engine-'));
  engine = makeEngine();
});

afterEach(async () => {
  await engine.close();
  rmSync(stateDir, { recursive: true, force: true });
});

describe('an exchange with a helper', () => {
  it('starts the program that serves the verb, with the state directory', async () => {
    const { version } = await engine.run({ verb: 'version' });
    expect(version).toBe(`engine --state-dir ${stateDir}`);
  });

  it('hands over an environment built from nothing', async () => {
    const error = await engine.run(backup('/environment')).catch((reason: Error) => reason);
    const names = (error as Error).message.split('\0').map((entry) => entry.split('=')[0] ?? '');
    expect(names.filter(Boolean).sort()).toEqual(['LANG', 'PATH', 'RESTIC_BIN']);
  });

  it('reads past lines that are not understood', async () => {
    await expect(engine.run(backup('/garbage'))).resolves.toMatchObject({ filesNew: 1 });
  });

  it('takes a line of 20 MB', async () => {
    await expect(engine.run(backup('/long-line'))).resolves.toMatchObject({ filesNew: 1 });
  });

  it('ends a helper whose line never ends', async () => {
    await expect(engine.run(backup('/endless-line'))).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringContaining('line of more than'),
    });
  });

  it.each([
    ['/dies', { code: 'failed', retry: 'backoff', message: expect.stringContaining('ended with code 7') }],
    ['/killed', { code: 'failed', retry: 'backoff', message: expect.stringContaining('was killed') }],
    ['/wrong-shape', { code: 'failed', message: expect.stringContaining('not understood') }],
    ['/unknown-code', { code: 'failed', message: 'odd' }],
    ['/locked', { code: 'repository_locked', message: 'locked by x', retry: 'backoff' }],
  ])('says what happened when the helper behaves like %s', async (way, error) => {
    await expect(engine.run(backup(way))).rejects.toMatchObject(error);
  });

  it('does not wait for what a dead helper left behind with its output open', async () => {
    await expect(engine.run(backup('/leaves-a-child'))).rejects.toMatchObject({ code: 'failed' });
    process.kill(Number(readFileSync(join(stateDir, 'left-child'), 'utf8')), 'SIGKILL');
  });

  it('answers for a killed helper when its restic has ended too, so that a next try does not meet its lock', async () => {
    engine = makeEngine(undefined, { recoverInterruptMs: 5_000 });
    await expect(engine.run(backup('/leaves-its-restic'))).rejects.toMatchObject({ code: 'failed' });
    // Not even as one that has ended and was not collected yet, which restic takes for alive.
    expect(existsSync(`/proc/${readFileSync(join(stateDir, 'left-child'), 'utf8')}`)).toBe(false);
    expect(readFileSync(join(stateDir, 'left-asked'), 'utf8')).toBe('asked\n');
  });

  it('says so when the helper program does not exist', async () => {
    const broken = makeEngine(['/nowhere/helper']);
    await expect(broken.run(backup('/well'))).rejects.toMatchObject({
      message: expect.stringContaining('could not start'),
    });
  });
});

describe('stopping', () => {
  it('asks the helper to stop and passes on its answer', async () => {
    const stop = new AbortController();
    const run = engine.run(backup('/waits'), { signal: stop.signal, onReady: () => stop.abort('cancel') });
    await expect(run).rejects.toMatchObject({ code: 'cancelled', message: 'stopped cleanly' });
  });

  it('kills a helper that does not listen, together with its group', async () => {
    const stop = new AbortController();
    const run = engine.run(backup('/deaf'), { signal: stop.signal, onReady: () => stop.abort('cancel') });
    await expect(run).rejects.toMatchObject({ code: 'cancelled' });
    const child = Number(readFileSync(join(stateDir, 'deaf-child'), 'utf8'));
    await vi.waitFor(() => expect(startTicksOf(child)).toBeUndefined());
  });

  it('starts nothing for a signal that was aborted before', async () => {
    await expect(engine.run(backup('/well'), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'cancelled',
    });
  });

  it('stops every run when it is closed and takes no more', async () => {
    const run = engine.run(backup('/waits'));
    run.catch(() => undefined);
    await engine.close();
    await expect(run).rejects.toMatchObject({ code: 'cancelled' });
    await expect(engine.run(backup('/well'))).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('storage keys', () => {
  it('are asked for once per wish, and again after a refusal, with the reason shown meanwhile', async () => {
    const seen: HelperProgress[] = [];
    let calls = 0;
    const result = await engine.run(backup('/credentials'), {
      onProgress: (progress) => seen.push(progress),
      credentials: async () => {
        calls += 1;
        if (calls === 1) throw new Error('space is down');
        return credentials('b');
      },
    });
    expect(result.snapshotId).toBe('b'.repeat(64));
    expect(calls).toBe(2);
    expect(seen.at(-1)).toMatchObject({ phase: 'uploading', filesDone: 3, stall: CREDENTIALS_STALL });
  });

  it('can be waited for until the run is stopped', async () => {
    const stop = new AbortController();
    const run = engine.run(backup('/credentials'), {
      signal: stop.signal,
      onProgress: ({ stall }) => stall && stop.abort('cancel'),
      credentials: () => Promise.reject(new Error('space is down')),
    });
    await expect(run).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('a run whose sign-in is refused', () => {
  const refused = new AppError('not_signed_in', 'sign in again', { retry: 'after_action' });

  it('waits, and says for what', async () => {
    const stop = new AbortController();
    let stall: string | undefined;
    const run = engine.run(backup('/credentials'), {
      signal: stop.signal,
      onProgress(progress) {
        stall = progress.stall ?? stall;
        if (stall !== undefined) stop.abort('cancel');
      },
      credentials: () => Promise.reject(refused),
    });
    await expect(run).rejects.toMatchObject({ code: 'cancelled' });
    expect(stall).toBe(SIGN_IN_STALL);
  });

  it('ends with the refusal when nobody signs in in time, so that others get their turn', async () => {
    const impatient = makeEngine(undefined, { signInPatienceMs: 0 });
    const run = impatient.run(backup('/credentials'), { credentials: () => Promise.reject(refused) });
    await expect(run).rejects.toMatchObject({ code: 'not_signed_in', retry: 'after_action' });
    await impatient.close();
  });
});

describe('recovery', () => {
  const runFile = (pid: number, startTicks: number | undefined): string => {
    const path = join(stateDir, 'run', 'helpers', `${pid}.json`);
    mkdirSync(join(stateDir, 'run', 'helpers'), { recursive: true });
    writeFileSync(path, JSON.stringify({ pid, startTicks, verb: 'backup' }));
    return path;
  };

  it('does nothing when no helper ever ran', async () => {
    await expect(engine.recover()).resolves.toBeUndefined();
  });

  it('ends a helper that a former daemon left, even one that ignores being asked', async () => {
    const left = spawn('sh', ['-c', 'trap "" INT; while :; do sleep 0.05; done'], { detached: true });
    const pid = left.pid ?? 0;
    const path = runFile(pid, startTicksOf(pid));
    await engine.recover();
    await vi.waitFor(() => expect(startTicksOf(pid)).toBeUndefined());
    expect(existsSync(path)).toBe(false);
  });

  it('leaves a process alone that only has the same number', async () => {
    const other = spawn('sleep', ['1000']);
    const pid = other.pid ?? 0;
    const ticks = startTicksOf(pid) ?? 0;
    const path = runFile(pid, ticks - 1);
    await engine.recover();
    expect(startTicksOf(pid)).toBe(ticks);
    expect(existsSync(path)).toBe(false);
    other.kill('SIGKILL');
  });

  it('clears away a run file that was half written', async () => {
    const path = runFile(4_000_000, 1);
    writeFileSync(path, '{"pid":');
    await engine.recover();
    expect(existsSync(path)).toBe(false);
  });
});
