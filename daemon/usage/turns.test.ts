import { expect, it } from 'vitest';
import { takeTurns } from './turns.ts';

/** Calls that end when the test says so. */
function setUp() {
  const ends: { resolve(): void; reject(error: Error): void }[] = [];
  const read = takeTurns(() => new Promise((resolve, reject) => ends.push({ resolve, reject })));
  return { ends, read };
}

it('shares the call on its way with whom any answer is enough', async () => {
  const { ends, read } = setUp();
  const all = [read(true), read(true)];
  ends[0]?.resolve();
  await Promise.all(all);
  expect(ends).toHaveLength(1);
});

it('lets those who need a newer answer share one call more, once the older one has ended', async () => {
  const { ends, read } = setUp();
  const older = read(false);
  let hasNewer = false;
  const newer = Promise.all([read(false), read(false)]).then(() => (hasNewer = true));
  expect(ends).toHaveLength(1);
  ends[0]?.resolve();
  await older;
  await new Promise(setImmediate);
  expect(ends).toHaveLength(2);
  expect(hasNewer).toBe(false);
  ends[1]?.resolve();
  await newer;
});

it('goes on after a call that failed', async () => {
  const { ends, read } = setUp();
  const older = read(false);
  const newer = read(false);
  ends[0]?.reject(new Error('down'));
  await expect(older).rejects.toThrow('down');
  await new Promise(setImmediate);
  ends[1]?.resolve();
  await newer;
  const next = read(false);
  ends[2]?.resolve();
  await next;
  expect(ends).toHaveLength(3);
});
