import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { buildRealHelper, type RealHelper } from '../engine/testing/real-helper.ts';
import { createWorld, type World } from './testing/world.ts';

let helper: RealHelper;
let world: World;
beforeAll(async () => {
  helper = await buildRealHelper();
  world = createWorld({ helper });
});
afterAll(async () => {
  await world.close();
  rmSync(world.root, { recursive: true, force: true });
  helper.dispose();
});

const arm = async (plan: Parameters<World['repositories']['arm']>[0]) =>
  await world.repositories.arm(plan, { mode: 'create', recovery: false });

it('a terminal that died before a password was typed keeps nobody out, one that is there does', async () => {
  const plan = world.makePlan();
  const left = await arm(plan);
  const taken = await arm(plan);
  expect(taken.socketPath).not.toBe(left.socketPath);
  expect(existsSync(left.socketPath)).toBe(false);

  const terminal = connect(taken.socketPath);
  await once(terminal, 'connect');
  await vi.waitFor(() => expect(existsSync(taken.socketPath)).toBe(false));
  await expect(arm(plan)).rejects.toMatchObject({ code: 'conflict' });
  terminal.destroy();
  await vi.waitFor(async () => expect(existsSync((await arm(plan)).socketPath)).toBe(true));
});
