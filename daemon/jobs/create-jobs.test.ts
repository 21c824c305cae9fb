import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AppError, type JobResult } from '../../contract/index.ts';
import { systemChance } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { createJobs, type JobsOptions } from './create-jobs.ts';
import type { JobHandler, JobOutcome, Jobs, NewJob } from './job-types.ts';

const RESULT: JobResult = { kind: 'check', durationMs: 1, readDataPercent: 0, problems: [] };
const GOOD: JobOutcome = { state: 'succeeded', result: RESULT };
const PASSING = new AppError('unreachable', 'Space does not answer', { retry: 'backoff' });
let dir: string;
let store: Store;
let jobs: Jobs;
let aheadMs = 0;
const clock = { now: () => Date.now() + aheadMs, monotonic: () => performance.now() };
const open = () => openStore({ path: join(dir, 'state.db'), clock, log: silentLog });
const make = (options: Partial<JobsOptions> = {}) =>
  createJobs({
    store,
    clock,
    chance: systemChance,
    log: silentLog,
    limits: { retryBaseMs: 1, retryMaxMs: 2, giveUpAfterMs: 3_600_000 },
    stopLimitMs: 50,
    writeRetryMs: 1,
    ...options,
  });
const handler = (run: JobHandler['run'], more: Partial<JobHandler> = {}): JobHandler => ({
  run,
  onInterrupted: () => 'requeue',
  ...more,
});
const check = (lane = 'a'): NewJob => ({ kind: 'check', lane, cause: 'user' });
const backup: NewJob = { kind: 'backup', planId: 'plan', lane: 'plan', cause: 'schedule' };
const statesOf = (id: string) =>
  store.events
    .after(0, 1000)
    .flatMap((event) =>
      event.kind === 'job.state' && event.body.job.id === id ? [event.body.job.state] : [],
    );

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'jobs-'));
  aheadMs = 0;
  store = open();
  jobs = make();
});
afterEach(async () => {
  await jobs.stop();
  store.close();
  rmSync(dir, { recursive: true, force: true });
});

describe('a job', () => {
  test('runs, and each state is an event', async () => {
    jobs.handle(
      'check',
      handler(() => Promise.resolve(GOOD)),
    );
    jobs.start();
    const { id } = jobs.request(check());
    await jobs.idle();
    expect(statesOf(id)).toEqual(['queued', 'running', 'succeeded']);
    expect(jobs.get(id)).toMatchObject({ state: 'succeeded', attempt: 1, result: RESULT });
  });
  test('runs alone, the earliest due first', async () => {
    const seen: string[] = [];
    let running = 0;
    jobs.handle(
      'check',
      handler(async ({ params }) => {
        running += 1;
        seen.push(`${String(params)}${running}`);
        await new Promise(setImmediate);
        running -= 1;
        return GOOD;
      }),
    );
    jobs.request({ ...check('late'), params: 'late', dueAt: 2 });
    jobs.request({ ...check('early'), params: 'early', dueAt: 1 });
    jobs.start();
    await jobs.idle();
    expect(seen).toEqual(['early1', 'late1']);
  });
  test('of one lane never runs beside another of it, even where two may run', async () => {
    jobs = make({ atOnce: 2 });
    let most = 0;
    let running = 0;
    const run = async () => {
      most = Math.max(most, (running += 1));
      await new Promise(setImmediate);
      running -= 1;
      return GOOD;
    };
    jobs.handle('check', handler(run));
    jobs.start();
    for (let n = 0; n < 4; n++) jobs.request(check('same'));
    await jobs.idle();
    expect(most).toBe(1);
    for (let n = 0; n < 4; n++) jobs.request(check(String(n)));
    await jobs.idle();
    expect(most).toBe(2);
  });
  test('that meets a passing fault waits in words and tries again', async () => {
    let tries = 0;
    jobs.handle(
      'check',
      handler(() => (++tries < 3 ? Promise.reject(PASSING) : Promise.resolve(GOOD))),
    );
    jobs.start();
    const { id } = jobs.request(check());
    await vi.waitFor(() => expect(jobs.get(id)?.state).toBe('succeeded'));
    expect(statesOf(id).join(' ')).toBe(
      'queued running waiting queued running waiting queued running succeeded',
    );
    const waits = store.events
      .after(0, 99)
      .flatMap((event) =>
        event.kind === 'job.state' && event.body.job.state === 'waiting' ? [event.body.job.reason] : [],
      );
    expect(waits).toEqual(['Space does not answer', 'Space does not answer']);
  });
  test('gives up when its time is over', async () => {
    jobs.handle(
      'check',
      handler(() => {
        aheadMs += 2_000_000;
        return Promise.reject(PASSING);
      }),
    );
    jobs.start();
    const { id } = jobs.request(check());
    await vi.waitFor(() => expect(jobs.get(id)?.state).toBe('failed'));
    expect(jobs.get(id)).toMatchObject({ attempt: 2, error: { code: 'unreachable' } });
  });
  test('fails with no inner detail when its handler throws something unknown', async () => {
    jobs.handle(
      'check',
      handler(() => Promise.reject(new TypeError('secret detail'))),
    );
    jobs.start();
    const { id } = jobs.request(check());
    await jobs.idle();
    expect(jobs.get(id)).toMatchObject({ state: 'failed', error: { code: 'failed' } });
    expect(JSON.stringify(jobs.get(id))).not.toContain('secret detail');
  });
  test('fails when what must be true with its end can not be written', async () => {
    const commit = () => {
      store.facts.set('half', 1);
      throw new AppError('conflict', 'the ledger disagrees');
    };
    jobs.handle(
      'check',
      handler(() => Promise.resolve({ ...GOOD, commit })),
    );
    jobs.start();
    const { id } = jobs.request(check());
    await jobs.idle();
    expect(jobs.get(id)).toMatchObject({ state: 'failed', reason: 'the ledger disagrees' });
    expect(store.facts.get('half')).toBeUndefined();
  });
  test('whose end meets a full disk ends once there is room, and not twice', async () => {
    let refusals = 3;
    const commit = () => {
      if (refusals-- > 0) throw new AppError('no_space', 'the disk is full');
    };
    jobs.handle(
      'check',
      handler(() => Promise.resolve({ ...GOOD, commit })),
    );
    jobs.start();
    const { id } = jobs.request(check());
    await jobs.idle();
    expect(statesOf(id)).toEqual(['queued', 'running', 'succeeded']);
  });
});

describe('a second backup of a plan', () => {
  test('is the one that has not ended', () => {
    expect(jobs.request(backup).id).toBe(jobs.request({ ...backup, cause: 'user' }).id);
    expect(jobs.list({ active: true })).toHaveLength(1);
  });
  test('gives the first one what it asks for', () => {
    const { id } = jobs.request(backup);
    jobs.request({ ...backup, cause: 'user', params: { more: true } });
    jobs.request(backup);
    expect(store.jobs.get(id)?.params).toEqual({ more: true });
  });
  test('asked for by a person ends the wait of the first', async () => {
    jobs = make({ limits: { retryBaseMs: 3_600_000, retryMaxMs: 3_600_000, giveUpAfterMs: 1e9 } });
    let tries = 0;
    jobs.handle(
      'backup',
      handler(() => (++tries === 1 ? Promise.reject(PASSING) : Promise.resolve(GOOD))),
    );
    jobs.start();
    const { id } = jobs.request(backup);
    await jobs.idle();
    expect(jobs.get(id)?.state).toBe('waiting');
    jobs.request({ ...backup, cause: 'user' });
    await jobs.idle();
    expect(jobs.get(id)?.state).toBe('succeeded');
  });
});
