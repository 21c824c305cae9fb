import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SnapshotEntry } from '../../contract/index.ts';
import { silentLog } from '../base/log.ts';
import { openIndexStore } from './index-store.ts';
import type { IndexStore, IndexWriter } from './index-types.ts';

let directory: string;
let path: string;
let store: IndexStore;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'index-'));
  path = join(directory, 'index', 'plan.db');
  store = openIndexStore(path, silentLog);
});

afterEach(() => {
  store.close();
  rmSync(directory, { recursive: true });
});

const entry = (path: string, type: string, sizeBytes?: number): SnapshotEntry => ({
  name: path.slice(path.lastIndexOf('/') + 1),
  path,
  type,
  ...(sizeBytes === undefined ? {} : { sizeBytes }),
});
const file = (path: string, sizeBytes = 1) => entry(path, 'file', sizeBytes);
const dir = (path: string) => entry(path, 'dir');

function finish(writer: IndexWriter): number {
  while (writer.finishStep());
  return writer.seq;
}

function clean(): void {
  while (store.cleanStep());
}

function index(id: string, entries: readonly SnapshotEntry[]): number {
  clean();
  const writer = store.begin(id.padEnd(64, '0'));
  writer.add(entries);
  return finish(writer);
}

const pathsIn = (seq: number, path: string) => store.list(seq, path)?.map((each) => each.path);

describe('a tree in the index', () => {
  it('is listed directory by directory, also a single file, and not what is not there', () => {
    const seq = index('a', [dir('/home'), dir('/home/me'), file('/home/me/x', 5), file('/home/y')]);
    expect(store.list(seq, '/')).toEqual([dir('/home')]);
    expect(store.list(seq, '/home')).toEqual([dir('/home/me'), file('/home/y')]);
    expect(store.list(seq, '/home/me/')).toEqual([file('/home/me/x', 5)]);
    expect(store.list(seq, '/home/me/x')).toEqual([file('/home/me/x', 5)]);
    expect(store.list(seq, '/home/me/x/deeper')).toBeUndefined();
    expect(store.list(seq, '/home/none')).toBeUndefined();
  });

  it('keeps entries apart whose names look the same, and does not trust a name with a slash', () => {
    const odd = { ...file('/d/a/b'), name: 'a/b' };
    const seq = index('a', [dir('/d'), file('/d/\ufffd', 1), file('/d/\ufffd', 2), odd, file('//', 1)]);
    expect(store.list(seq, '/d')?.map(({ name, sizeBytes }) => [name, sizeBytes])).toEqual([
      ['a/b', 1],
      ['\ufffd', 1],
      ['\ufffd', 2],
    ]);
    const again = index('b', [dir('/d'), file('/d/\ufffd', 1), file('/d/\ufffd', 2), odd]);
    expect(store.differences(seq, again, { from: 0, to: 1_000 })).toEqual([]);
  });

  it('stops counting twins before they cost more than they tell', () => {
    const seq = index(
      'a',
      Array.from({ length: 1_000 }, () => file('/\ufffd')),
    );
    expect(store.list(seq, '/')).toHaveLength(250);
  });

  it('is no part of any answer before it is complete, and leaves no trace when it never is', () => {
    const first = index('a', [dir('/d'), file('/d/x', 1), file('/d/y', 1)]);
    const writer = store.begin('b'.padEnd(64, '0'));
    writer.add([dir('/d'), file('/d/x', 2), file('/d/z', 1)]);
    expect(store.snapshots()).toHaveLength(1);
    expect(store.list(first, '/d')).toEqual([file('/d/x', 1), file('/d/y', 1)]);
    writer.finishStep();
    store.close();
    store = openIndexStore(path, silentLog);
    clean();
    const third = index('c', [dir('/d'), file('/d/x', 1)]);
    expect(store.list(first, '/d')).toEqual([file('/d/x', 1), file('/d/y', 1)]);
    expect(store.list(third, '/d')).toEqual([file('/d/x', 1)]);
  });

  it('is made anew when its file is no database', () => {
    index('a', [file('/x')]);
    store.close();
    writeFileSync(path, Buffer.alloc(20_000, 7));
    store = openIndexStore(path, silentLog);
    expect(store.snapshots()).toEqual([]);
    expect(pathsIn(index('a', [file('/x')]), '/')).toEqual(['/x']);
  });

  it('outlives a crash in the middle of writing, but is not believed after a power cut', async () => {
    await store.write(async () => void index('a', [file('/x')]));
    const note = `${path}-unsynced`;
    expect(existsSync(note)).toBe(false);
    await store.write(async () => {
      copyFileSync(note, `${note}-copy`);
      index('b', [file('/y')]);
    });
    store.close();
    copyFileSync(`${note}-copy`, note);
    store = openIndexStore(path, silentLog);
    expect(store.snapshots()).toHaveLength(2);
    store.close();
    writeFileSync(note, 'another boot');
    store = openIndexStore(path, silentLog);
    expect(store.snapshots()).toEqual([]);
    expect(existsSync(note)).toBe(false);
  });
});
