import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError, type ErrorCode, type HelperRequest, type Job, type Plan } from '../../contract/index.ts';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import type { Engine } from '../engine/engine.ts';
import { createHealth } from '../health/create-health.ts';
import { bookPlans } from '../maintenance/testing/plan-book.ts';
import { openStore } from '../store/open-store.ts';
import type { QuotaAnswer, QuotaCheckOptions } from './backup-ports.ts';
import { createBackupHandler } from './backup-handler.ts';

const PLAN = '11111111-1111-4111-8111-111111111111';
const JOB = '22222222-2222-4222-8222-222222222222';
const summary = {
  snapshotId: 'a'.repeat(64),
  filesNew: 1,
  filesChanged: 0,
  filesUnmodified: 0,
  filesTotal: 1,
  bytesTotal: 5,
  addedBytes: 5,
  skipped: { count: 0, first: [] as { path: string; reason: string }[] },
};

/** The helper's side of the process border, as a function. */
type Answers = (request: HelperRequest) => unknown;

function setUp(answers: Answers) {
  const root = mkdtempSync(join(tmpdir(), 'backup-'));
  writeFileSync(join(root, 'file'), 'x');
  const store = openStore({ path: join(root, 'state', 'agent.db'), clock: systemClock, log: silentLog });
  const plans = bookPlans(store);
  plans.make({ id: PLAN, paths: [join(root, 'file')], location: { kind: 'directory', path: '/backups' } });
  const capsule = { repositoryId: 'b'.repeat(64), config: '', keys: [] };
  plans.arm(PLAN, { repositoryId: 'b'.repeat(64), address: '/backups/r', keys: [], capsule });
  const health = createHealth({ store, clock: systemClock });
  const requests: HelperRequest[] = [];
  const run = (request: HelperRequest): Promise<unknown> => {
    requests.push(request);
    return Promise.resolve().then(() => answers(request));
  };
  const quota = answeringQuota();
  const handler = createBackupHandler({
    plans,
    store,
    health,
    engine: { run: run as Engine['run'], prepare: () => undefined },
    door: {
      access: (plan: Plan) =>
        Promise.resolve({
          address: plan.repository?.address ?? '',
          options: {},
          credentials: { kind: 'none' },
        }),
      credentialsFor: () => undefined,
    },
    quota,
    clock: systemClock,
    config: { engineHost: 'host', limits: { uploadKiBPerSecond: 100 } },
  });
  const job = { id: JOB, kind: 'backup', planId: PLAN, planName: 'documents', state: 'running' } as Job;
  const signal = new AbortController().signal;
  return {
    store,
    plans,
    health,
    requests,
    handler,
    job,
    quota,
    run: async (params: unknown = null) =>
      await handler.run({ job, params, signal, progress: () => undefined }),
    close: () => {
      store.close();
      rmSync(root, { recursive: true });
    },
  };
}

/** What is asked whether there is room, and watches what an upload may cost. */
function answeringQuota() {
  const passed = new AbortController();
  const checks: QuotaCheckOptions[] = [];
  let verdict: QuotaAnswer = { fits: true };
  let ended = 0;
  return {
    refuse: (byEstimate = false) =>
      (verdict = { fits: false, message: 'full', hint: 'get more', byEstimate }),
    checks,
    check: (_plan: Plan, wish: QuotaCheckOptions) => {
      checks.push(wish);
      return Promise.resolve(verdict);
    },
    passLimit: () => passed.abort(),
    guardsEnded: () => ended,
    guard: () => ({
      signal: passed.signal,
      explain: (error: unknown) =>
        Promise.resolve(passed.signal.aborted ? new AppError('quota_exceeded', 'too dear') : error),
      [Symbol.dispose]: () => void (ended += 1),
    }),
  };
}

let world: ReturnType<typeof setUp>;
let answer: Answers;
beforeEach(() => {
  answer = () => summary;
  world = setUp((request) => answer(request));
});
afterEach(() => world.close());

const failWith = (code: ErrorCode): void => {
  answer = () => {
    throw new AppError(code, code, { retry: 'after_action' });
  };
};

describe('what the engine is asked for', () => {
  it('is a backup of the paths with the limit of the settings, marked until it has ended', async () => {
    let markedMeanwhile: boolean | undefined;
    answer = () => {
      markedMeanwhile = world.plans.row(PLAN).needsRepair;
      return summary;
    };
    const outcome = await world.run();
    expect(world.requests).toMatchObject([{ verb: 'backup', repairFirst: false, uploadKiBPerSecond: 100 }]);
    expect(markedMeanwhile).toBe(true);
    world.store.commit((append) => outcome.commit?.(append));
    expect(world.plans.row(PLAN).needsRepair).toBe(false);
  });

  it('is a repair before, after a run that did not end by itself', async () => {
    world.plans.setNeedsRepair(PLAN, true);
    answer = ({ verb }) => (verb === 'snapshots' ? [] : summary);
    await world.run();
    expect(world.requests.map(({ verb }) => verb)).toEqual(['snapshots', 'backup']);
    expect(world.requests[1]).toMatchObject({ repairFirst: true });
  });

  it('is nothing when the quota does not allow it', async () => {
    world.quota.refuse();
    await expect(world.run()).rejects.toMatchObject({
      code: 'quota_exceeded',
      message: 'full',
      hint: 'get more',
    });
    expect(world.requests).toEqual([]);
  });

  it('is nothing when only the estimate does not allow it, and how to start all the same is told', async () => {
    world.quota.refuse(true);
    await expect(world.run()).rejects.toMatchObject({
      field: 'ignoreEstimate',
      hint: expect.stringMatching(/`olares-backup backup documents --ignore-estimate`.*get more/),
    });
    await expect(world.run({ ignoreEstimate: true })).rejects.toMatchObject({ message: 'full' });
    expect(world.quota.checks.map(({ ignoreEstimate }) => ignoreEstimate)).toEqual([false, true]);
  });

  it('that would cost more than was agreed to ends as a full storage, and no longer watches it', async () => {
    answer = () => {
      world.quota.passLimit();
      throw new AppError('cancelled', 'stopped before it was done');
    };
    await expect(world.run()).rejects.toMatchObject({ code: 'quota_exceeded', message: 'too dear' });
    expect(world.quota.guardsEnded()).toBe(1);
  });
});

describe('the outcome', () => {
  it('is incomplete with the names of files that could not be read', async () => {
    const skipped = { count: 2, first: [{ path: '/x', reason: 'permission denied' }] };
    answer = () => ({ ...summary, skipped });
    const outcome = await world.run();
    expect(outcome).toMatchObject({
      state: 'incomplete',
      reason: '2 files could not be read',
      result: { skipped },
    });
    world.store.commit((append) => outcome.commit?.(append));
    expect(world.health.list()).toMatchObject([{ code: 'files_unreadable', level: 'warning', planId: PLAN }]);
  });

  it('is incomplete when nothing was found where there was much', async () => {
    const first = await world.run();
    world.store.commit((append) => first.commit?.(append));
    answer = () => ({ ...summary, snapshotId: 'c'.repeat(64), filesTotal: 0, filesNew: 0 });
    const outcome = await world.run();
    expect(outcome).toMatchObject({
      state: 'incomplete',
      reason: 'no files were found where there were 1 before',
    });
    world.store.commit((append) => outcome.commit?.(append));
    expect(world.health.list()).toMatchObject([{ code: 'source_empty', planId: PLAN }]);
  });

  it('raises what failed, and clears it with the next snapshot', async () => {
    const failed = { ...world.job, state: 'failed', error: { code: 'failed', message: 'no luck' } } as const;
    world.store.commit((append) => world.handler.onEnded?.(failed, append));
    expect(world.health.list()).toMatchObject([{ code: 'backup_failed', planId: PLAN }]);
    const outcome = await world.run();
    world.store.commit((append) => outcome.commit?.(append));
    expect(world.health.list()).toEqual([]);
  });
});

describe('an error', () => {
  it.each([
    ['unreachable', 'backoff'],
    ['try_later', 'backoff'],
    ['repository_locked', 'backoff'],
    ['quota_exceeded', 'never'],
    ['wrong_password', 'never'],
    ['integrity', 'never'],
    ['repository_missing', 'never'],
  ] as const)('%s is tried again: %s', async (code, retry) => {
    failWith(code);
    await expect(world.run()).rejects.toMatchObject({ code, retry });
  });

  it('before anything was written leaves nothing to repair, one in the middle does', async () => {
    failWith('repository_locked');
    await expect(world.run()).rejects.toThrow();
    expect(world.plans.row(PLAN).needsRepair).toBe(false);
    failWith('unreachable');
    await expect(world.run()).rejects.toThrow();
    expect(world.plans.row(PLAN).needsRepair).toBe(true);
  });
});
