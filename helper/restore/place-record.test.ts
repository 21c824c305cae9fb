import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTicks } from '../engine/run-file.ts';
import { createPrivateFileSync } from '../state-files.ts';
import { Bench, newRequestId } from '../testing/bench.ts';

const DEAD = { pid: 1, startTicks: -1 };

describe('a restore that was killed while it placed files', () => {
  let bench: Bench;
  let [target, undoPath] = ['', ''];
  beforeEach(() => {
    bench = new Bench();
    target = join(bench.root, 'target');
    undoPath = join(bench.root, 'target.before-restore-1');
    mkdirSync(target);
    writeFileSync(join(target, 'mine'), 'old');
  });
  afterEach(() => bench[Symbol.dispose]());

  const records = () => join(bench.stateDir, 'run', 'placing');
  const record = (change: object = {}): string => {
    const requestId = newRequestId();
    const content = JSON.stringify({ requestId, target, undoPath, ...DEAD, ...change });
    createPrivateFileSync(join(records(), `${requestId}.json`), content);
    return requestId;
  };
  const recover = async () => (await bench.ask<'restore-recover'>({ verb: 'restore-recover' })).result;

  it('between its two renames has the old tree put back', async () => {
    const requestId = record();
    renameSync(target, undoPath);
    expect(await recover()).toEqual([{ requestId, target, putBack: true }]);
    expect(readFileSync(join(target, 'mine'), 'utf8')).toBe('old');
    expect(readdirSync(records())).toEqual([]);
  });

  it('is put right by the next restore, too', async () => {
    record();
    renameSync(target, undoPath);
    await bench.ask<'restore'>({
      verb: 'restore',
      ...bench.common,
      requestId: newRequestId(),
      snapshotId: 'a'.repeat(64),
      choice: {},
      target: join(bench.root, 'other'),
      key: 'machine',
    });
    expect(readFileSync(join(target, 'mine'), 'utf8')).toBe('old');
  });

  it('after them keeps what it brought, and the old tree is told', async () => {
    const requestId = record();
    renameSync(target, undoPath);
    mkdirSync(target);
    expect(await recover()).toEqual([{ requestId, target, putBack: false, undoPath }]);
    expect(existsSync(join(undoPath, 'mine'))).toBe(true);
    expect(readdirSync(records())).toEqual([]);
  });

  it('before them has changed nothing', async () => {
    const requestId = record();
    expect(await recover()).toEqual([{ requestId, target, putBack: false }]);
    expect(existsSync(join(target, 'mine'))).toBe(true);
  });

  it('is left alone as long as it lives', async () => {
    record({ pid: process.pid, startTicks: startTicks(process.pid) });
    renameSync(target, undoPath);
    expect(await recover()).toEqual([]);
    expect(existsSync(target)).toBe(false);
  });

  it('is not believed when it names a tree that is not beside its target', async () => {
    const victim = join(bench.root, 'victim');
    mkdirSync(victim);
    record({ target: join(bench.root, 'gone'), undoPath: victim });
    expect(await recover()).toEqual([]);
    expect(existsSync(victim)).toBe(true);
  });
});

describe('a kept tree whose time is over', () => {
  it('is only removed when it is one', async () => {
    using bench = new Bench();
    const [target, undoPath] = [join(bench.root, 'target'), join(bench.root, 'mine')];
    mkdirSync(undoPath);
    const { error } = await bench.ask<'restore-forget'>({ verb: 'restore-forget', target, undoPath });
    expect(error).toMatchObject({ code: 'invalid_input', field: 'undoPath' });
    expect(existsSync(undoPath)).toBe(true);
  });
});
