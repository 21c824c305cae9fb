import { rmSync, writeFileSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../contract/index.ts';
import { buildRealHelper, sendSecret, type RealHelper } from '../engine/testing/real-helper.ts';
import { createWorld, type World } from './testing/world.ts';

const PASSWORD = 'orbit-lantern-velvet-candle-prairie-91';
const WORDS = 'acid bench candle dolphin ember forest';

let helper: RealHelper;
let world: World;
let plan: Plan;

beforeAll(async () => {
  helper = await buildRealHelper();
  world = createWorld({ helper });
  plan = world.makePlan();
});

afterAll(async () => {
  await world.close();
  rmSync(world.root, { recursive: true, force: true });
  helper.dispose();
});

async function arm(target: Plan, recovery = true) {
  const channel = await world.repositories.arm(target, { mode: 'create', recovery });
  return await sendSecret(channel.socketPath, { password: PASSWORD, ...(recovery && { recovery: WORDS }) });
}

// One repository lives through these in order: each step costs restic about a second.
describe('a repository from its first key to a lost snapshot', () => {
  it('cannot be backed up to before it is armed', async () => {
    const job = await world.backup(plan);
    expect(job).toMatchObject({ state: 'failed', error: { code: 'refused' } });
    expect(world.conditions()).toMatchObject([{ code: 'backup_failed', planId: plan.id }]);
  });

  it('is made with three keys, and the plan is armed when the terminal hears so', async () => {
    expect(await arm(plan)).toEqual({ ok: true });
    plan = world.plans.get(plan.id);
    expect(plan.state).toBe('armed');
    expect(plan.keys.map(({ role }) => role).sort()).toEqual(['machine', 'recovery', 'user']);
    expect(plan.repository?.address).toBe(join(world.location, 'olares-backups', `documents-${plan.id}`));
    expect(existsSync(join(plan.repository?.address ?? '', 'config'))).toBe(true);
  });

  it('is not armed twice', async () => {
    await expect(world.repositories.arm(plan, { mode: 'create', recovery: false })).rejects.toMatchObject({
      code: 'conflict',
    });
  });

  it('takes a snapshot, which the ledger and the log have and which heals the plan', async () => {
    const job = await world.backup(plan);
    expect(job).toMatchObject({ state: 'succeeded', result: { kind: 'backup', filesTotal: 2, filesNew: 2 } });
    const [snapshot] = await world.repositories.snapshots(plan, false);
    expect(snapshot).toMatchObject({
      state: 'present',
      jobId: job?.id,
      planName: 'documents',
      filesTotal: 2,
    });
    const kinds = world.store.events.after(0, 100).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'snapshot.recorded')).toHaveLength(1);
    expect(world.conditions()).toEqual([]);
    expect(world.plans.row(plan.id).needsRepair).toBe(false);
  });

  it('carries the tags by which the real Olares restores', async () => {
    const access = {
      address: plan.repository?.address ?? '',
      options: {},
      credentials: { kind: 'none' as const },
    };
    const [found] = await world.engine.run({ verb: 'snapshots', access, host: 'test-host' });
    const [snapshot] = await world.repositories.snapshots(plan, false);
    expect(found?.tags.toSorted()).toEqual(
      [
        `repo-name=${btoa('documents')}`,
        'backup-type=file',
        `backup-path=${btoa(world.source)}`,
        'operator=app',
        `repo-id=${plan.id}`,
        `files-prefix-path=${btoa(JSON.stringify([world.source]))}`,
        `agent-job=${snapshot?.jobId}`,
      ].toSorted(),
    );
  });

  it('lists a directory of a snapshot, the second time without a process', async () => {
    const [snapshot] = await world.repositories.snapshots(plan, false);
    if (!snapshot) throw new Error('no snapshot');
    const first = await world.repositories.entries(snapshot, world.source);
    expect(first.map(({ name }) => name).sort()).toEqual(['a.txt', 'inner']);
    expect(await world.repositories.entries(snapshot, world.source)).toBe(first);
  });

  it('records a snapshot that was made just before a crash instead of making it again', async () => {
    const [snapshot] = world.store.snapshots.list(plan.id);
    if (!snapshot?.jobId) throw new Error('no snapshot');
    const before = snapshot.jobId;
    world.store.commit(() => {
      world.store.snapshots.remove(snapshot.id);
      world.store.jobs.update(before, { state: 'queued', result: null, endedAt: null });
    });
    world.plans.setNeedsRepair(plan.id, true);
    world.jobs.wake();
    world.jobs.request({ kind: 'backup', planId: plan.id, lane: plan.id, cause: 'user' });
    await world.jobs.idle();
    expect(world.jobs.get(before)).toMatchObject({
      state: 'incomplete',
      reason: expect.stringContaining('just before the agent was interrupted'),
      result: { snapshotId: snapshot.resticId, snapshotUuid: snapshot.id },
    });
    expect(world.store.snapshots.list(plan.id).map(({ id }) => id)).toEqual([snapshot.id]);
  });

  it('is never green when a source has become empty', async () => {
    rmSync(join(world.source, 'inner'), { recursive: true });
    rmSync(join(world.source, 'a.txt'));
    const job = await world.backup(plan);
    expect(job).toMatchObject({ state: 'incomplete', reason: expect.stringContaining('is empty although') });
    expect(world.conditions()).toMatchObject([{ code: 'source_empty', level: 'warning' }]);
  });

  it('uploads nothing when every source is gone', async () => {
    rmSync(world.source, { recursive: true });
    const before = world.store.snapshots.list(plan.id).length;
    const job = await world.backup(plan);
    expect(job).toMatchObject({ state: 'failed', error: { code: 'not_found' } });
    expect(world.store.snapshots.list(plan.id)).toHaveLength(before);
    expect(world.conditions().map(({ code }) => code)).toContain('source_missing');
  });

  it('changes the password without touching the other keys, and keeps the last one', async () => {
    const old = plan.keys;
    const channel = await world.repositories.changeKey(plan, 'replace-user');
    expect(await sendSecret(channel.socketPath, { password: `${PASSWORD}-new` })).toEqual({ ok: true });
    plan = world.plans.get(plan.id);
    const user = plan.keys.find(({ role }) => role === 'user');
    expect(plan.keys.map(({ role }) => role).sort()).toEqual(['machine', 'recovery', 'user']);
    expect(old.map(({ id }) => id)).not.toContain(user?.id);
    await expect(world.repositories.removeKey(plan, user?.id ?? '')).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('only password'),
    });
  });

  it('notices a snapshot that disappeared', async () => {
    const [row] = world.store.snapshots.list(plan.id);
    rmSync(join(plan.repository?.address ?? '', 'snapshots', row?.resticId ?? ''));
    const [listed] = await world.repositories.snapshots(plan, true);
    expect(listed).toMatchObject({ id: row?.id, state: 'missing' });
    expect(world.conditions().map(({ code }) => code)).toContain('snapshots_missing');
    expect(world.store.events.after(0, 1000).map(({ kind }) => kind)).toContain('snapshot.missing');
  });

  it('is told to have vanished by the look that nobody asked for', async () => {
    rmSync(plan.repository?.address ?? '', { recursive: true });
    await world.repositories.tend();
    expect(world.conditions().map(({ code }) => code)).toContain('repository_vanished');
  });

  it('is never made anew when it has vanished', async () => {
    world.plans.setNeedsRepair(plan.id, false);
    writeFileSync(world.source, 'a file now');
    const job = await world.backup(plan);
    expect(job).toMatchObject({ state: 'failed', error: { code: 'repository_missing' } });
    expect(world.conditions().map(({ code }) => code)).toContain('repository_vanished');
    expect(readdirSync(join(world.location, 'olares-backups'))).toEqual([]);
  });
});
