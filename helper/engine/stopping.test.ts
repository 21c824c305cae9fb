import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { HelperOutput, HelperRequestOf } from '../../contract/helper-messages.ts';
import { Bench, MACHINE_KEY, type Answer } from '../testing/bench.ts';
import type { RunRecord } from './run-file.ts';

/** A backup slow enough to be caught at it. */
describe('a backup', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = new Bench();
    await bench.makeRepository();
    mkdirSync(join(bench.root, 'source'));
  });
  beforeEach(() => {
    writeFileSync(big(), '');
    // All holes: long to read, nothing to keep.
    truncateSync(big(), 60e9);
  });
  afterAll(() => bench[Symbol.dispose]());

  const big = () => join(bench.root, 'source', 'big');
  const request = (more: Partial<HelperRequestOf<'backup'>> = {}): HelperRequestOf<'backup'> => ({
    verb: 'backup',
    ...bench.common,
    paths: [join(bench.root, 'source')],
    excludes: [],
    tags: [],
    repairFirst: false,
    ...more,
  });
  const locks = () => readdirSync(join(bench.repository, 'locks'));
  const runFile = () => join(bench.stateDir, 'run', 'helpers', `${process.pid}.json`);
  const readRun = () => JSON.parse(readFileSync(runFile(), 'utf8')) as RunRecord;

  /** Runs a slow backup and does something once bytes move. */
  function whileRunning(action: (output: HelperOutput, end: () => void) => void): Promise<Answer<'backup'>> {
    const stop = new AbortController();
    let done = false;
    return bench.ask<'backup'>(request(), {
      stop: stop.signal,
      onOutput(output) {
        if (done || output.type !== 'progress' || output.progress.bytesDone === 0) return;
        done = true;
        action(output, () => stop.abort());
      },
    });
  }

  it('that is stopped takes off its lock and leaves no trace of the run', async () => {
    const { error } = await whileRunning((_output, stop) => {
      expect(locks()).toHaveLength(1);
      stop();
    });
    expect(error).toEqual({ code: 'cancelled', message: 'stopped before it was done' });
    expect(locks()).toEqual([]);
    expect(readdirSync(join(bench.stateDir, 'run', 'helpers'))).toEqual([]);
  });

  it('that is stopped while restic looks for its key is cancelled, not refused by a foreign repository', async () => {
    const stop = new AbortController();
    // Asked for its keys it gives no answer; restic then ends as if none of them had opened.
    const config = readFileSync(join(bench.repository, 'config'));
    const storage = createServer(({ url }, response) => {
      if (url?.startsWith('/keys')) stop.abort();
      else response.setHeader('content-length', config.length).end(config);
    });
    await new Promise<void>((resolve) => storage.listen(0, '127.0.0.1', resolve));
    const address = `rest:http://127.0.0.1:${(storage.address() as AddressInfo).port}/`;
    const asked = bench.ask<'backup'>(request(bench.at(address)), { stop: stop.signal });
    expect((await asked).error).toEqual({ code: 'cancelled', message: 'stopped before it was done' });
    storage.close().closeAllConnections();
  });

  it('whose restic is killed fails in words, and the next run repairs and ends well', async () => {
    const { error } = await whileRunning(() => process.kill(readRun().resticPid, 'SIGKILL'));
    expect(error).toMatchObject({
      code: 'failed',
      message: 'restic was ended from outside',
      retry: 'backoff',
    });
    expect(locks()).toHaveLength(1);
    truncateSync(big(), 1_000);
    const { result } = await bench.ask<'backup'>(request({ repairFirst: true }));
    expect(result.filesNew).toBe(1);
    expect(locks()).toEqual([]);
    expect(bench.restic(['check'])).toContain('"num_errors":0');
  });

  it('shows no secret in the arguments or environment of restic', async () => {
    let seen = '';
    let record: RunRecord | undefined;
    await whileRunning((_output, stop) => {
      record = readRun();
      seen = ['cmdline', 'environ']
        .map((file) => readFileSync(`/proc/${record?.resticPid}/${file}`, 'utf8'))
        .join('');
      stop();
    });
    expect(seen).toContain('--password-file=/dev/fd/3');
    expect(seen).not.toContain(MACHINE_KEY);
    expect(seen).not.toContain(bench.repository);
    expect(seen).not.toContain(join(bench.root, 'source'));
    const names = seen.split('\0').flatMap((entry) => /^([A-Z_]+)=/.exec(entry)?.[1] ?? []);
    expect(names.toSorted()).toEqual([
      'HOME',
      'LC_ALL',
      'PATH',
      'RESTIC_CACHE_DIR',
      'RESTIC_PROGRESS_FPS',
      'TMPDIR',
    ]);
    expect(record).toMatchObject({ pid: process.pid, verb: 'backup', repositoryAddress: bench.repository });
  });

  it('names the sources that are missing, and fails only when all are', async () => {
    truncateSync(big(), 1_000);
    const missing = join(bench.root, 'gone');
    const some = await bench.ask<'backup'>(request({ paths: [join(bench.root, 'source'), missing] }));
    expect(some.result.skipped).toEqual({ count: 1, first: [{ path: missing, reason: 'it is not there' }] });
    const none = await bench.ask<'backup'>(request({ paths: [missing] }));
    expect(none.error).toMatchObject({
      code: 'not_found',
      message: expect.stringContaining(missing) as string,
    });
  });

  it('of a dry run names no snapshot', async () => {
    truncateSync(big(), 1_000);
    const { result } = await bench.ask<'backup'>(request({ dryRun: true }));
    expect(result.snapshotId).toBeUndefined();
    expect(result.bytesTotal).toBe(1_000);
  });
});
