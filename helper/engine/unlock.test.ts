import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench } from '../testing/bench.ts';
import { startTicks } from './run-file.ts';

describe('unlocking', () => {
  const bench = new Bench();
  const runs = join(bench.stateDir, 'run', 'helpers');
  beforeAll(async () => {
    await bench.makeRepository();
    mkdirSync(runs, { recursive: true });
  });
  afterAll(() => bench[Symbol.dispose]());

  const noteRun = (resticStartTicks: number) => {
    const run = {
      pid: 1,
      startTicks: 0,
      resticPid: process.pid,
      resticStartTicks,
      verb: 'backup',
      repositoryAddress: '/r',
    };
    writeFileSync(join(runs, '1.json'), JSON.stringify(run));
  };

  it('waits for a restic of ours that lives', async () => {
    noteRun(startTicks(process.pid) ?? 0);
    const { error } = await bench.ask<'unlock'>({ verb: 'unlock', ...bench.common });
    expect(error).toMatchObject({ code: 'repository_locked', retry: 'backoff' });
  });

  it('goes on when that process is another one by now, and forgets its file', async () => {
    noteRun(1);
    const { error } = await bench.ask<'unlock'>({ verb: 'unlock', ...bench.common });
    expect(error).toBeUndefined();
    expect(readdirSync(runs)).toEqual([]);
  });
});
