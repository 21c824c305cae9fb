import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RestoreRequest } from '../../contract/index.ts';
import { buildRealHelper, type RealHelper } from '../engine/testing/real-helper.ts';
import { createWorld, type World } from '../maintenance/testing/world.ts';
import type { RequestRow } from './restore-ports.ts';

const URL = `/mnt/olares-backups/documents-00000000-0000-4000-8000-000000000000?snapshotId=${'f'.repeat(64)}&snapshotTime=1`;

let helper: RealHelper;
beforeAll(async () => {
  helper = await buildRealHelper();
});
afterAll(() => helper.dispose());

describe('the old files that a restore in place keeps', () => {
  let world: World;
  let [target, undoPath] = ['', ''];
  beforeEach(() => {
    world = createWorld({ helper });
    target = join(world.root, 'target');
    undoPath = join(world.root, 'target.before-restore-1');
    for (const [folder, text] of [
      [target, 'new'],
      [undoPath, 'old'],
    ] as const) {
      mkdirSync(folder);
      writeFileSync(join(folder, 'file'), text);
    }
  });
  afterEach(async () => {
    await world.close();
    rmSync(world.root, { recursive: true, force: true });
  });

  const made = async (change: Partial<RequestRow> = {}): Promise<RestoreRequest> => {
    const { id } = await world.requests.create({ backupUrl: URL }, 'user');
    const done = { state: 'done', choice: { target, inPlace: true }, undoPath, undoUntil: null } as const;
    world.store.commit(() => world.store.requests.update(id, { ...done, ...change }));
    return world.requests.get(id);
  };
  const content = () => readFileSync(join(target, 'file'), 'utf8');

  it('come back once, and what it brought is kept beside them', async () => {
    const { code, id } = await made();
    const undone = await world.requests.undo(code);
    expect(content()).toBe('old');
    const aside = join(world.root, `target.restored-${id.slice(0, 8)}`);
    expect(readFileSync(join(aside, 'file'), 'utf8')).toBe('new');
    expect(undone).toMatchObject({ state: 'done', reason: expect.stringContaining(aside) });
    expect(undone).not.toHaveProperty('undoPath');
    await expect(world.requests.undo(code)).rejects.toMatchObject({ code: 'conflict', field: 'request' });
  });

  it('stay where they are while a restore to the same target runs', async () => {
    const { code } = await made();
    await made({ state: 'placing', undoPath: null });
    await expect(world.requests.undo(code)).rejects.toMatchObject({ code: 'conflict' });
    expect(content()).toBe('new');
  });

  it('are removed when their time is over, and not before', async () => {
    const early = await made({ undoUntil: Date.now() + 60_000 });
    world.requests.expire();
    expect(existsSync(undoPath)).toBe(true);
    world.store.commit(() => world.store.requests.update(early.id, { undoUntil: Date.now() - 1 }));
    world.requests.expire();
    await vi.waitFor(() => expect(world.requests.get(early.id)).not.toHaveProperty('undoPath'), 10_000);
    expect(existsSync(undoPath)).toBe(false);
    expect(content()).toBe('new');
  });

  it('are never removed by themselves after an interruption', async () => {
    await made({ state: 'failed' });
    world.requests.expire();
    await world.engine.close();
    expect(existsSync(undoPath)).toBe(true);
  });

  it('are back after a kill between two renames', async () => {
    const { id } = await made({ state: 'placing' });
    rmSync(target, { recursive: true });
    record(id);
    await world.requests.recover();
    expect(content()).toBe('old');
    expect(world.requests.get(id)).not.toHaveProperty('undoPath');
  });

  it('are known after a kill of daemon and helper at once', async () => {
    const { id } = await made({ state: 'placing', undoPath: null });
    record(id);
    await world.requests.recover();
    expect(world.requests.get(id)).toMatchObject({ undoPath });
    expect(readdirSync(join(world.stateDir, 'run', 'placing'))).toEqual([]);
  });

  it('are back after a kill among several paths, and what it had brought is named', async () => {
    const kept = join(world.root, 'target.before-restore-20261120-181200-paths');
    mkdirSync(kept, { mode: 0o700 });
    for (const name of ['first', 'second']) writeFileSync(join(target, name), 'old');
    renameSync(join(target, 'first'), join(kept, 'first'));
    writeFileSync(join(target, 'first'), 'new');
    const list = { replaced: ['first', 'second'], added: [] };
    writeFileSync(join(kept, '.olares-undo.json'), JSON.stringify(list), { mode: 0o600 });
    const { id } = await made({ state: 'placing', undoPath: kept });
    record(id, kept);
    await world.requests.recover();
    const asidePath = join(world.root, `target.restored-${id.slice(0, 8)}`);
    expect(world.requests.get(id)).toMatchObject({ asidePath });
    expect(world.requests.get(id)).not.toHaveProperty('undoPath');
    expect(readFileSync(join(asidePath, 'first'), 'utf8')).toBe('new');
    expect(readFileSync(join(target, 'first'), 'utf8')).toBe('old');
  });

  it('are told with the way to put them back after an interruption', async () => {
    const { id, code } = await made({ state: 'opened' });
    const job = world.jobs.request({ kind: 'check', requestId: id, lane: 'x', cause: 'request' });
    await world.jobs.idle();
    world.store.commit(() => {
      world.store.jobs.update(job.id, { kind: 'restore', state: 'running', endedAt: null, error: null });
      world.store.requests.update(id, { state: 'placing', jobId: job.id });
    });
    await world.close();
    world = createWorld({ helper, root: world.root });
    const { state, reason } = world.requests.get(id);
    expect(state).toBe('failed');
    expect(reason).toContain(`olares-backup request undo ${code}`);
    expect(reason).toContain(basename(undoPath));
  });

  /** What a helper that was killed has left. */
  function record(requestId: string, kept = undoPath): void {
    const directory = join(world.stateDir, 'run', 'placing');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const path = join(directory, `${requestId}.json`);
    const left = { requestId, target, undoPath: kept, pid: 1, startTicks: -1 };
    writeFileSync(path, JSON.stringify(left), { mode: 0o600 });
  }
});
