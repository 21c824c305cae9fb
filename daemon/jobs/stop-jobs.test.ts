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
import type { JobContext, JobHandler, JobOutcome, Jobs, NewJob } from './job-types.ts';

const RESULT: JobResult = { kind: 'check', durationMs: 1, readDataPercent: 0, problems: [] };
const GOOD: JobOutcome = { state: 'succeeded', result: RESULT };
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
const untilAborted = ({ signal }: JobContext) =>
  new Promise<JobOutcome>((_, reject) => {
    signal.addEventListener('abort', () => reject(new AppError('cancelled', 'stopped')));
  });
const check = (lane = 'a'): NewJob => ({ kind: 'check', lane, cause: 'user' });
const backup: NewJob = { kind: 'backup', planId: 'plan', lane: 'plan', cause: 'schedule' };
const statesOf = (id: string) =>
  store.events
    .after(0, 1000)
    .flatMap((event) =>
      event.kind === 'job.state' && event.body.job.id === id ? [event.body.job.state] : [],
    );
const restart = (options: Partial<JobsOptions> = {}) => {
  store.close();
  store = open();
  jobs = make(options);
};

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

describe('cancel', () => {
  test('ends a queued job at once and a running one when its handler has stopped', async () => {
    const ended: string[] = [];
    const onEnded = (job: { id: string }) => void ended.push(job.id);
    jobs.handle('check', handler(untilAborted, { onEnded }));
    const queued = jobs.request(check());
    expect(jobs.cancel(queued.id, 'not wanted')).toMatchObject({ state: 'cancelled', reason: 'not wanted' });
    jobs.start();
    const running = jobs.request(check());
    await vi.waitFor(() => expect(jobs.get(running.id)?.state).toBe('running'));
    expect(jobs.cancel(running.id, 'enough').state).toBe('cancelling');
    await jobs.idle();
    expect(statesOf(running.id)).toEqual(['queued', 'running', 'cancelling', 'cancelled']);
    expect(ended).toEqual([queued.id, running.id]);
    expect(() => jobs.cancel(running.id, 'again')).toThrow(/has ended already: cancelled/);
  });
  test('comes too late for a job that finishes all the same', async () => {
    const finish = ({ signal }: JobContext) =>
      new Promise<JobOutcome>((resolve) => signal.addEventListener('abort', () => resolve(GOOD)));
    jobs.handle('check', handler(finish));
    jobs.start();
    const { id } = jobs.request(check());
    await vi.waitFor(() => expect(jobs.get(id)?.state).toBe('running'));
    jobs.cancel(id, 'enough');
    await jobs.idle();
    expect(jobs.get(id)?.state).toBe('succeeded');
  });
});

describe('stop and start', () => {
  test('an interrupted job is queued again and finishes', async () => {
    jobs.handle('backup', handler(untilAborted));
    jobs.start();
    const { id } = jobs.request(backup);
    await vi.waitFor(() => expect(jobs.get(id)?.state).toBe('running'));
    await jobs.stop();
    expect(jobs.get(id)).toMatchObject({ state: 'interrupted', reason: 'the agent was stopped' });
    restart();
    jobs.handle(
      'backup',
      handler(() => Promise.resolve(GOOD)),
    );
    jobs.start();
    await jobs.idle();
    expect(statesOf(id).join(' ')).toBe('queued running interrupted queued running succeeded');
  });
  test('a job whose handler ignores the stop is given up after the limit and settled at the next start', async () => {
    jobs.handle(
      'check',
      handler(() => new Promise(() => undefined)),
    );
    jobs.start();
    const { id } = jobs.request(check());
    await vi.waitFor(() => expect(jobs.get(id)?.state).toBe('running'));
    await jobs.stop();
    expect(jobs.get(id)?.state).toBe('interrupted');
    restart();
    jobs.handle(
      'check',
      handler(untilAborted, { onInterrupted: () => ({ fail: 'a person must start it' }) }),
    );
    jobs.start();
    expect(jobs.get(id)).toMatchObject({ state: 'failed', reason: 'a person must start it' });
  });
  test.each([
    ['running', 'interrupted', 'queued'],
    ['cancelling', 'cancelled'],
    ['interrupted', 'queued'],
  ] as const)('what a crash left %s goes on', (...states) => {
    const { id } = jobs.request(check());
    store.commit(() => store.jobs.update(id, { state: states[0] }));
    restart();
    jobs.handle('check', handler(untilAborted));
    jobs.start();
    expect(statesOf(id).slice(1)).toEqual(states.slice(1));
  });
});

test('progress is delivered once a second at most, the last one always, and is gone with the job', async () => {
  const seen: unknown[] = [];
  jobs.onProgress((progress) => seen.push(progress.filesDone));
  store.onAppended(() => seen.push(jobs.list({})[0]?.state));
  jobs.handle(
    'check',
    handler(({ progress, job }) => {
      for (let filesDone = 1; filesDone <= 50; filesDone++)
        progress({ phase: 'uploading', filesDone, bytesDone: 0 });
      expect(jobs.get(job.id)?.progress?.filesDone).toBe(50);
      return Promise.resolve(GOOD);
    }),
  );
  jobs.start();
  const { id } = jobs.request(check());
  await jobs.idle();
  expect(seen).toEqual(['queued', 'running', 1, 50, 'succeeded']);
  expect(jobs.get(id)).toMatchObject({ state: 'succeeded' });
  expect(jobs.get(id)?.progress).toBeUndefined();
});
