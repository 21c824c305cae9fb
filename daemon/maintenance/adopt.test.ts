import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Plan } from '../../contract/index.ts';
import { buildRealHelper, sendSecret, type RealHelper } from '../engine/testing/real-helper.ts';
import { createWorld, type World } from './testing/world.ts';

const PASSWORD = 'orbit-lantern-velvet-candle-prairie-91';

let helper: RealHelper;
let world: World;
let repository: string;

beforeAll(async () => {
  helper = await buildRealHelper();
  world = createWorld({ helper });
  repository = join(world.location, 'olares-backups', 'old-0b0e6c1e-0000-4000-8000-000000000001');
  const passwordFile = join(world.root, 'password');
  writeFileSync(passwordFile, PASSWORD);
  const restic = (...args: string[]) =>
    execFileSync(helper.resticBin ?? 'restic', [
      '-q',
      '-r',
      repository,
      '--password-file',
      passwordFile,
      ...args,
    ]);
  restic('init');
  restic('backup', '--tag', 'backup-type=file', world.source);
});

afterAll(async () => {
  await world.close();
  rmSync(world.root, { recursive: true, force: true });
  helper.dispose();
});

const planAt = (path: string): Plan =>
  world.makePlan({ id: crypto.randomUUID(), name: path, location: { kind: 'directory', path } });

it('refuses what is no repository, before a password is typed', async () => {
  mkdirSync(join(world.root, 'photos', 'mine'), { recursive: true });
  const adopt = { mode: 'adopt', recovery: false } as const;
  await expect(world.repositories.arm(planAt(join(world.root, 'photos')), adopt)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('is not empty'),
  });
  await expect(world.repositories.arm(planAt(join(world.root, 'nowhere')), adopt)).rejects.toMatchObject({
    code: 'repository_missing',
  });
});

it('makes none inside of a repository that is there already', async () => {
  const plan = world.makePlan({
    id: crypto.randomUUID(),
    name: 'inside',
    location: { kind: 'directory', path: repository },
  });
  await expect(world.repositories.arm(plan, { mode: 'create', recovery: false })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('holds a repository') as string,
    hint: expect.stringContaining('--adopt') as string,
  });
});

it('goes on where arming was cut off before it was written down', async () => {
  const plan = planAt(world.location);
  for (const password of [PASSWORD, 'another-phrase-entirely-77']) {
    const channel = await world.repositories.arm(plan, { mode: 'create', recovery: false });
    expect(await sendSecret(channel.socketPath, { password })).toEqual({ ok: true });
  }
});

it('takes over a repository of stock restic, lists its snapshots and restores one', async () => {
  const plan = planAt(repository);
  const wrong = await world.repositories.arm(plan, { mode: 'adopt', recovery: false });
  expect(await sendSecret(wrong.socketPath, { password: 'something-else-entirely' })).toMatchObject({
    error: { code: 'wrong_password' },
  });
  expect(world.plans.get(plan.id).state).toBe('unarmed');
  const channel = await world.repositories.arm(plan, { mode: 'adopt', recovery: false });
  expect(await sendSecret(channel.socketPath, { password: PASSWORD })).toEqual({ ok: true });
  expect(world.plans.get(plan.id)).toMatchObject({ state: 'armed', repository: { address: repository } });
  const conditions = world.conditions().filter(({ planId }) => planId === plan.id);
  const hint = `olares-backup key add --recovery ${plan.name}`;
  expect(conditions).toMatchObject([{ code: 'recovery_key_missing', hint }]);
  await vi.waitFor(() => expect(world.store.snapshots.list(plan.id)).toHaveLength(1), { timeout: 20_000 });
  const [snapshot] = await world.repositories.snapshots(plan, false);
  expect(snapshot).toMatchObject({ state: 'foreign', paths: [world.source] });
  const { code } = await world.requests.create({ snapshot: snapshot?.resticId.slice(0, 8) ?? '' }, 'user');
  const target = join(world.root, 'restored');
  const check = await world.requests.verify(code, { target });
  expect(await sendSecret(check.socketPath, { password: PASSWORD })).toEqual({ ok: true });
  await world.jobs.idle();
  expect(world.requests.get(code).state).toBe('done');
  expect(readFileSync(join(target, 'a.txt'), 'utf8')).toBe('first file');
});

it('names what is wrong with the set-up, and says ok to the rest', async () => {
  const checks = await world.repositories.doctor();
  expect(checks.find(({ name }) => name === 'restic')).toMatchObject({
    level: 'ok',
    message: expect.stringMatching(/^restic \d+\.\d+/),
  });
  expect(checks.find(({ name }) => name === 'state directory')?.level).toBe('ok');
  expect(checks.every(({ level, hint }) => level === 'ok' || hint !== undefined)).toBe(true);
});
