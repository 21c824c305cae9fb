import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parser, routes, type Plan, type PreparedChoice, type RestoreRequest } from '../../contract/index.ts';
import { buildRealHelper, sendSecret, type RealHelper } from '../engine/testing/real-helper.ts';
import { createWorld, type World } from '../maintenance/testing/world.ts';

const PASSWORD = 'orbit-lantern-velvet-candle-prairie-91';
const UNKNOWN = '00000000-0000-4000-8000-000000000000';
const HOUR_MS = 3_600_000;

let helper: RealHelper;
let world: World;
let plan: Plan;
let snapshotId: string;

beforeAll(async () => {
  helper = await buildRealHelper();
  world = createWorld({ helper });
  plan = world.makePlan();
  const channel = await world.repositories.arm(plan, { mode: 'create', recovery: false });
  await sendSecret(channel.socketPath, { password: PASSWORD });
  plan = world.plans.get(plan.id);
  await world.backup(plan);
  snapshotId = world.store.snapshots.newest(plan.id)?.resticId ?? '';
});

afterAll(async () => {
  await world.close();
  rmSync(world.root, { recursive: true, force: true });
  helper.dispose();
});

const propose = (change: object = {}): RestoreRequest =>
  world.requests.propose({
    planId: plan.id,
    snapshotId,
    note: 'please',
    commandId: crypto.randomUUID(),
    expiresAt: Date.now() + HOUR_MS,
    ...change,
  });
const declineAll = (): void => {
  for (const { id } of world.requests.list(false)) world.requests.decline(id, 'enough');
};

describe('a proposal of Space', () => {
  it('waits under a code, with its note cleaned and the facts of the ledger', () => {
    const request = propose({ note: 'hello\u001b[31m' });
    expect(request).toMatchObject({
      state: 'proposed',
      origin: 'space',
      note: 'hello\ufffd[31m',
      planName: 'documents',
      filesTotal: 2,
      newerSnapshots: 0,
      userKeyCreatedAt: plan.keys.find(({ role }) => role === 'user')?.createdAt,
    });
    expect(request.code).toMatch(/^[2-9A-HJKMNP-Z]{4}$/);
    expect(() => propose()).toThrow(expect.objectContaining({ code: 'conflict' }));
    expect(world.requests.decline(request.code, 'not mine')).toMatchObject({ state: 'declined' });
  });

  it('has one effect however often its command comes', () => {
    const commandId = crypto.randomUUID();
    expect(propose({ commandId }).id).toBe(propose({ commandId }).id);
    declineAll();
  });

  it.each([
    ['a plan nobody knows', { planId: UNKNOWN }],
    ['a snapshot nobody made', { snapshotId: 'f'.repeat(64) }],
    ['no plan and no address', { planId: undefined }],
    ['own storage by address', { planId: undefined, backupUrl: directoryUrl() }],
  ])('is refused when it names %s', (_what, change) => {
    expect(() => propose(change)).toThrow(expect.objectContaining({ code: 'refused' }));
    expect(world.requests.list(false)).toEqual([]);
  });

  it('ends when nobody answers in time', () => {
    const { id } = propose({ expiresAt: Date.now() - 1 });
    expect(() => world.requests.open(id)).toThrow(expect.objectContaining({ code: 'refused' }));
    world.requests.expire();
    expect(world.requests.get(id).state).toBe('expired');
  });
});

describe('a wish at the machine', () => {
  it.each([
    ['latest of a plan', () => ({ snapshot: 'latest', plan: 'documents' })],
    ['the beginning of an id', () => ({ snapshot: snapshotId.slice(0, 8) })],
    ['a Backup URL of a plan of this machine', () => ({ backupUrl: directoryUrl(plan.id, snapshotId) })],
  ])('may be %s', async (_what, input) => {
    await expect(world.requests.create(input(), 'user')).resolves.toMatchObject({
      snapshotId,
      planId: plan.id,
    });
    declineAll();
  });

  it('keeps what was chosen on the page, and nothing that must be said at the terminal', async () => {
    const choice: PreparedChoice = { inPlace: true, include: ['/a'], conflict: 'different' };
    const input = { snapshot: 'latest', plan: 'documents', choice };
    await expect(world.requests.create(input, 'page')).resolves.toMatchObject({ choice });
    declineAll();
    const both = { ...input, choice: { inPlace: true, target: '/a' } };
    await expect(world.requests.create(both, 'page')).rejects.toMatchObject({ field: 'choice' });
    const { body } = routes.createRequest;
    const delete_ = { snapshot: 'latest', plan: 'documents', choice: { deleteExtra: true } };
    expect(() => parser(body).parse(delete_, 'body')).toThrow(
      expect.objectContaining({ code: 'invalid_input' }),
    );
  });

  it.each([
    ['latest without a plan', { snapshot: 'latest' }, 'invalid_input'],
    ['nothing', {}, 'invalid_input'],
    ['an unknown snapshot', { snapshot: 'ffffffff' }, 'not_found'],
    ['an unknown plan', { snapshot: 'latest', plan: 'nope' }, 'not_found'],
  ])('is refused when it is %s', async (_what, input, code) => {
    await expect(world.requests.create(input, 'user')).rejects.toMatchObject({ code });
  });
});

it('of a snapshot whose plan was removed is told what became of it', async () => {
  const { snapshots } = world.store;
  const row = { ...snapshots.newest(plan.id)!, id: UNKNOWN, planId: UNKNOWN, resticId: 'ee'.repeat(32) };
  world.store.commit(() => snapshots.insert({ ...row, jobId: null }));
  const planName = `removed (${UNKNOWN.slice(0, 8)})`;
  expect(await world.repositories.snapshot('eeee')).toMatchObject({ planName });
  const message = 'the plan of the snapshot eeeeeeee was removed';
  await expect(world.requests.create({ snapshot: 'eeee' }, 'user')).rejects.toMatchObject({ message });
  world.store.commit(() => snapshots.remove(UNKNOWN));
});

describe('the way to the files', () => {
  it('refuses a wrong password and stays open, then restores with the right one', async () => {
    const { id, code } = await world.requests.create({ snapshot: 'latest', plan: 'documents' }, 'user');
    const target = join(world.root, 'restored');
    const first = await world.requests.verify(code, { target });
    expect(first.triesLeft).toBe(5);
    expect(await sendSecret(first.socketPath, { password: 'quite-wrong' })).toMatchObject({
      ok: false,
      error: { code: 'wrong_password' },
    });
    expect(world.requests.get(id).state).toBe('opened');
    await vi.waitFor(() => expect(existsSync(first.socketPath)).toBe(false));
    const second = await world.requests.verify(code, { target });
    expect(second.triesLeft).toBe(4);
    expect(await sendSecret(second.socketPath, { password: PASSWORD })).toEqual({ ok: true });
    await world.jobs.idle();
    const done = world.requests.get(id);
    expect(done).toMatchObject({ state: 'done', choice: { target } });
    expect(world.jobs.get(done.jobId ?? '')).toMatchObject({
      state: 'succeeded',
      result: { kind: 'restore', target },
    });
    expect(readFileSync(join(target, 'inner', 'b.txt'), 'utf8')).toBe('second file');
    expect(readdirSync(world.root).toSorted()).toEqual(['location', 'restored', 'source', 'state']);
  });

  it('ends a check whose terminal is gone when the next one begins', async () => {
    const { code } = await world.requests.create({ snapshot: 'latest', plan: 'documents' }, 'user');
    const abandoned = await world.requests.verify(code, {});
    const next = await world.requests.verify(code, {});
    await vi.waitFor(() => expect(existsSync(abandoned.socketPath)).toBe(false), { timeout: 10_000 });
    expect(existsSync(next.socketPath)).toBe(true);
    declineAll();
    await vi.waitFor(() => expect(existsSync(next.socketPath)).toBe(false), { timeout: 10_000 });
  });

  it('shows before what it would do', async () => {
    const { code } = await world.requests.create({ snapshot: 'latest', plan: 'documents' }, 'user');
    const preview = await world.requests.preview(code, {});
    expect(preview).toMatchObject({ filesNew: 2, targetExists: false, fits: true });
    expect(preview.target).toMatch(/source-restored-\d{8}-\d{4}$/);
    declineAll();
  });

  it('ends as failed when the target was taken meanwhile, and touches nothing', async () => {
    const { id } = await world.requests.create({ snapshot: 'latest', plan: 'documents' }, 'user');
    const target = join(world.root, 'taken');
    const channel = await world.requests.verify(id, { target });
    mkdirSync(join(target, 'mine'), { recursive: true });
    await sendSecret(channel.socketPath, { password: PASSWORD });
    await world.jobs.idle();
    expect(world.requests.get(id)).toMatchObject({ state: 'failed', error: { code: 'conflict' } });
    expect(readdirSync(target)).toEqual(['mine']);
  });

  it('leads back from a restore in place', async () => {
    const { id, code } = await world.requests.create({ snapshot: 'latest', plan: 'documents' }, 'user');
    const file = join(world.source, 'a.txt');
    writeFileSync(file, 'changed since');
    const channel = await world.requests.verify(code, { inPlace: true });
    await sendSecret(channel.socketPath, { password: PASSWORD });
    await world.jobs.idle();
    expect(readFileSync(file, 'utf8')).toBe('first file');
    const done = world.requests.get(id);
    expect(done).toMatchObject({ state: 'done', undoPath: expect.stringContaining('.before-restore-') });
    expect(done.undoUntil).toBeGreaterThan(Date.now());
    await world.requests.undo(code);
    expect(readFileSync(file, 'utf8')).toBe('changed since');
    writeFileSync(file, 'first file');
    rmSync(`${world.source}.restored-${id.slice(0, 8)}`, { recursive: true });
  });

  it("restores another installation's repository by its address and typed password", async () => {
    const stranger = join(world.root, `other/olares-backups/theirs-${UNKNOWN}`);
    mkdirSync(join(world.root, 'other/olares-backups'), { recursive: true });
    const { cpSync } = await import('node:fs');
    cpSync(plan.repository?.address ?? '', stranger, { recursive: true });
    const url = `${stranger}?snapshotId=${'0'.repeat(64)}&snapshotTime=1`;
    world.store.commit(() => {
      for (const { id } of world.store.snapshots.list()) world.store.snapshots.remove(id);
    });
    const { id } = await world.requests.create(
      { backupUrl: url.replace('0'.repeat(64), snapshotId) },
      'user',
    );
    const target = join(world.root, 'theirs');
    const wrong = await world.requests.verify(id, { target });
    expect((await sendSecret(wrong.socketPath, { password: 'not-the-one' })).error?.code).toBe(
      'wrong_password',
    );
    await world.jobs.idle();
    expect(world.requests.get(id)).toMatchObject({ state: 'opened', error: { code: 'wrong_password' } });
    expect(world.requests.get(id).jobId).toBeUndefined();
    const right = await world.requests.verify(id, { target });
    expect(right.triesLeft).toBe(4);
    expect(await sendSecret(right.socketPath, { password: PASSWORD })).toEqual({ ok: true });
    await world.jobs.idle();
    expect(world.requests.get(id).state).toBe('done');
    expect(readdirSync(target, { recursive: true }).map(String)).toContain('a.txt');
  });
});

describe('a request that ends while its password is asked for', () => {
  const waiting = async (): Promise<{ id: string; target: string; socketPath: string }> => {
    const stranger = join(world.root, `other/olares-backups/theirs-${UNKNOWN}`);
    const backupUrl = `${stranger}?snapshotId=${snapshotId}&snapshotTime=1`;
    const { id } = await world.requests.create({ backupUrl }, 'user');
    const target = join(world.root, `ended-${id}`);
    return { id, target, socketPath: (await world.requests.verify(id, { target })).socketPath };
  };

  it.each([
    ['cancelled', (id: string) => world.requests.cancel(id, 'not any more')],
    ['declined', (id: string) => world.requests.decline(id, 'not any more')],
  ])('restores nothing once it is %s', async (state, end) => {
    const { id, target, socketPath } = await waiting();
    end(id);
    await sendSecret(socketPath, { password: PASSWORD }).catch(() => undefined);
    await world.jobs.idle();
    expect(existsSync(target)).toBe(false);
    expect(world.requests.get(id).state).toBe(state);
    expect(world.jobs.list({ limit: 1 })).toMatchObject([{ requestId: id, state: 'cancelled' }]);
  });

  it('is no trouble for the next one when its job was cancelled', async () => {
    const { id } = await waiting();
    world.jobs.cancel(world.requests.get(id).jobId ?? '', 'by a person');
    await world.jobs.idle();
    expect(world.requests.get(id).state).toBe('cancelled');
    // This ends the check before it, whose job has ended already.
    const next = await waiting();
    world.requests.decline(next.id, 'enough');
    await world.jobs.idle();
  });
});

describe('after a crash of the daemon', () => {
  it('an interrupted restore waits for a person again', async () => {
    const { id } = await world.requests.create({ backupUrl: directoryUrl(UNKNOWN, snapshotId) }, 'user');
    world.requests.open(id);
    const job = world.jobs.request({ kind: 'check', requestId: id, lane: 'x', cause: 'request' });
    await world.jobs.idle();
    world.store.commit(() => {
      world.store.jobs.update(job.id, { kind: 'restore', state: 'running', endedAt: null, error: null });
      world.store.requests.update(id, { state: 'restoring', jobId: job.id });
    });
    await world.close();
    world = createWorld({ helper, root: world.root });
    expect(world.jobs.get(job.id)).toMatchObject({ state: 'failed' });
    expect(world.requests.get(id)).toMatchObject({
      state: 'opened',
      reason: expect.stringContaining('nothing of the target was changed'),
    });
  });
});

function directoryUrl(planId = UNKNOWN, snapshot = 'f'.repeat(64)): string {
  return `/mnt/olares-backups/documents-${planId}?snapshotId=${snapshot}&snapshotTime=1`;
}
