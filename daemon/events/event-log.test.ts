import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { createEventLog } from './event-log.ts';

let dir: string;
let store: Store;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'events-'));
  store = openStore({ path: join(dir, 'state.db'), clock: systemClock, log: silentLog });
});
afterEach(() => {
  store.close();
  rmSync(dir, { recursive: true, force: true });
});
const note = (text: string) => store.commit((append) => append('notice', { text }));

test('a stream replays what is there after a number, then follows, without gap or double', async () => {
  const stop = new AbortController();
  const seen: number[] = [];
  for (let n = 0; n < 450; n++) note('old');
  let added = 0;
  for await (const event of createEventLog(store).stream(100, stop.signal)) {
    seen.push(event.seq);
    // New ones arrive while a slow reader still reads old ones, and after it.
    if (event.seq % 7 === 0 && added < 100) setImmediate(() => note(`new ${(added += 1)}`));
    if (event.seq % 50 === 0) await nextTurn();
    if (event.seq === 500) stop.abort();
  }
  expect(seen).toEqual(Array.from({ length: 400 }, (_, index) => 101 + index));
});

test('many streams each get all', async () => {
  const stop = new AbortController();
  const log = createEventLog(store);
  const readers = Array.from({ length: 5 }, async () => {
    const seen: number[] = [];
    for await (const event of log.stream(0, stop.signal)) if (seen.push(event.seq) === 3) break;
    return seen;
  });
  for (const text of ['a', 'b', 'c']) {
    await nextTurn();
    note(text);
  }
  expect(await Promise.all(readers)).toEqual(Array(5).fill([1, 2, 3]));
});

test('a waiting stream ends at once when it is aborted, and listens no more', async () => {
  const stop = new AbortController();
  const ending = createEventLog(store).stream(0, stop.signal)[Symbol.asyncIterator]().next();
  stop.abort();
  expect(await ending).toEqual({ done: true, value: undefined });
});
