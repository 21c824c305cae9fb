import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Plan } from '../../contract/index.ts';
import { TestSystem } from '../harness/system.ts';
import { expectWords } from './faults.fixture.ts';

let system: TestSystem;
let source: string;
let plan: Plan;
let lastGoodAt: number | undefined;

beforeAll(async () => {
  system = await TestSystem.start();
  source = system.folder('source');
  writeFileSync(join(source, 'letter'), 'dear reader');
  const kit = ['--kit-file', join(system.dir, 'kit')];
  plan = await system.addPlan('documents', [source], ['--location', join(system.dir, 'backups'), ...kit]);
});
afterAll(async () => await system[Symbol.asyncDispose]());

beforeEach(async () => {
  mkdirSync(source, { recursive: true });
  writeFileSync(join(source, 'letter'), 'dear reader');
  await system.done(['backup', plan.name]);
  const status = await system.api.call('getStatus');
  expect(status).toMatchObject({ level: 'good', conditions: [] });
  lastGoodAt = status.plans[0]?.lastGoodAt;
  expect(lastGoodAt).toBeGreaterThan(0);
});

/** Neither green nor forgotten, and the last good time is that of the last good run. */
async function expectTrouble(level: 'warning' | 'error', code: string, words: RegExp): Promise<void> {
  const status = await system.api.call('getStatus');
  expect(status.level).toBe(level);
  expect(status.sentence).toMatch(words);
  expect(status.conditions.map((condition) => condition.code)).toContain(code);
  expect(status.plans[0]?.lastGoodAt).toBe(lastGoodAt);
  const shown = await system.cli(['status']);
  expect(shown.stdout).toMatch(words);
  expectWords(shown);
}

test('a source that has become empty is a warning, and good again once its files are back', async () => {
  for (const name of readdirSync(source)) rmSync(join(source, name));
  const outcome = await system.cli(['backup', plan.name]);
  expect(outcome.code).toBe(3);
  expect(outcome.stdout).toMatch(/empty although it held files/);
  expectWords(outcome);
  await expectTrouble('warning', 'source_empty', /empty although it held files/);
});

test('a source that is not there fails in words and keeps the repository as it was', async () => {
  const before = await system.json<unknown[]>(['snapshot', 'list', plan.name]);
  rmSync(source, { recursive: true });
  const outcome = await system.cli(['backup', plan.name]);
  expect(outcome.code).toBe(1);
  expect(outcome.stderr).toMatch(/does not exist/);
  expect(outcome.stderr).toMatch(/check that the disk is mounted/);
  expectWords(outcome);
  await expectTrouble('error', 'source_missing', /does not exist/);
  expect(await system.json<unknown[]>(['snapshot', 'list', plan.name])).toHaveLength(before.length);
});

test('one of two sources missing: the other is saved, and it is no success', async () => {
  const second = system.folder('second');
  writeFileSync(join(second, 'x'), 'x');
  await system.done(['plan', 'edit', plan.name, '--path', source, '--path', second]);
  await system.done(['backup', plan.name]);
  lastGoodAt = (await system.api.call('getStatus')).plans[0]?.lastGoodAt;
  rmSync(second, { recursive: true });
  const outcome = await system.cli(['backup', plan.name]);
  expect(outcome.code).toBe(3);
  expectWords(outcome);
  await expectTrouble('warning', 'source_missing', /second does not exist/);
  await system.done(['plan', 'edit', plan.name, '--path', source]);
});

test('a disk that is not mounted any more is told by its name', async (context) => {
  const mount = system.folder('disk');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mount], { stdio: 'ignore' });
  } catch {
    return context.skip('this user may not mount');
  }
  let isMounted = true;
  try {
    writeFileSync(join(mount, 'photo'), 'x');
    await system.done(['plan', 'edit', plan.name, '--path', mount]);
    await system.done(['backup', plan.name]);
    lastGoodAt = (await system.api.call('getStatus')).plans[0]?.lastGoodAt;
    execFileSync('umount', [mount]);
    isMounted = false;
    // What others write in the meantime to the place does not make it the disk.
    writeFileSync(join(mount, 'stray'), 'x');
    const outcome = await system.cli(['backup', plan.name]);
    expect(outcome.code).toBe(3);
    expectWords(outcome);
    await expectTrouble('warning', 'source_missing', /the disk that was mounted at .*disk is not mounted/);
  } finally {
    if (isMounted) execFileSync('umount', [mount]);
    await system.done(['plan', 'edit', plan.name, '--path', source]);
  }
});
