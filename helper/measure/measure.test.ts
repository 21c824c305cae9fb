import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Bench } from '../testing/bench.ts';

const MIB = 1024 ** 2;
const folder = mkdtempSync(join(tmpdir(), 'measure-'));
const bench = new Bench();
beforeAll(() => {
  for (const name of ['media', 'text', 'left-out']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'media', 'film'), randomBytes(8 * MIB));
  linkSync(join(folder, 'media', 'film'), join(folder, 'media', 'film again'));
  symlinkSync(join(folder, 'media', 'film'), join(folder, 'media', 'film elsewhere'));
  for (let index = 0; index < 200; index += 1) {
    writeFileSync(join(folder, 'text', `page ${index}`), 'all work and no play '.repeat(2000));
  }
  writeFileSync(join(folder, 'left-out', 'film'), randomBytes(4 * MIB));
  writeFileSync(join(folder, 'hole'), '');
  truncateSync(join(folder, 'hole'), 1024 * MIB);
  writeFileSync(join(bench.stateDir, 'index'), randomBytes(MIB));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  bench[Symbol.dispose]();
});

const measure = async (paths: string[], excludes: string[] = [], limitMs?: number) =>
  (
    await bench.ask({
      verb: 'measure',
      paths,
      excludes,
      ...(limitMs === undefined ? {} : { limitMs }),
    })
  ).result;

it('counts each file once, without holes and what is left out', async () => {
  const { files, bytes, isWhole } = await measure([folder, join(folder, 'media'), folder], ['left-out']);
  expect([files, isWhole]).toEqual([202, true]);
  expect(bytes).toBeGreaterThan(16 * MIB);
  expect(bytes).toBeLessThan(17.5 * MIB);
});

it('expects of each file what compression leaves', async () => {
  const media = await measure([join(folder, 'media')]);
  expect(media.expectedBytes / media.bytes).toBeGreaterThan(0.99);
  const text = await measure([join(folder, 'text')]);
  expect(text.expectedBytes / text.bytes).toBeLessThan(0.1);
  const both = await measure([folder], ['left-out']);
  expect(both.expectedBytes / both.bytes).toBeGreaterThan(0.2);
  expect(both.expectedBytes / both.bytes).toBeLessThan(0.8);
});

it('leaves out the state of the agent, and counts nothing that is not there', async () => {
  expect((await measure([bench.stateDir, '/not/there'])).bytes).toBe(0);
});

it('answers in time with what it has', async () => {
  expect(await measure(['/'], [], 1)).toMatchObject({ isWhole: false });
});

it('stops when it is asked to', async () => {
  const stop = AbortSignal.abort();
  const { error } = await bench.ask({ verb: 'measure', paths: ['/'], excludes: [] }, { stop });
  expect(error).toMatchObject({ code: 'cancelled' });
});
