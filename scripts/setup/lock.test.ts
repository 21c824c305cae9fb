import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { takeLock } from './lock.mjs';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lock-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function otherHolder(): Promise<ChildProcess> {
  const lock = join(import.meta.dirname, 'lock.mjs');
  const code = `const { takeLock } = await import(process.argv[1]);
    await takeLock(process.argv[2], () => {});
    process.stdout.write('held');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code, lock, root], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

it('makes a second set-up wait, say so once, and go on when the first one is killed', async () => {
  const holder = await otherHolder();
  const said: string[] = [];
  const second = takeLock(root, (text: string) => {
    said.push(text);
    holder.kill('SIGKILL');
  });
  (await second)();
  expect(said).toEqual(['another set-up of this checkout is running; waiting for it']);
});

it('is held by one of many at a time', async () => {
  let holders = 0;
  let most = 0;
  const one = async () => {
    const release = await takeLock(root, () => {});
    most = Math.max(most, ++holders);
    await new Promise((resolve) => setImmediate(resolve));
    holders--;
    release();
  };
  await Promise.all(Array.from({ length: 20 }, one));
  expect(most).toBe(1);
});

it('belongs to one checkout only', async () => {
  const other = mkdtempSync(join(tmpdir(), 'lock-'));
  const release = await takeLock(root, () => {});
  const said: string[] = [];
  (await takeLock(other, (text: string) => said.push(text)))();
  expect(said).toEqual([]);
  release();
  rmSync(other, { recursive: true });
});
