import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Job } from '../../contract/index.ts';
import { ensureRestic } from '../../scripts/setup/restic.mjs';
import { changeOnePercent, makeData } from '../bench/data.mjs';
import { measureIdle, measureReady } from '../bench/idle.mjs';
import { loggingRestic, ofBackup } from '../bench/restic-log.mjs';
import { median } from '../bench/table.mjs';
import { ROOT, TestSystem } from '../harness/system.ts';
import { temporaryDir } from '../harness/temporary-dir.ts';

// The figures themselves are for `npm run bench` on a quiet machine; these bounds hold on a busy one with slow disks,
// and still break when somebody loads a large library early or starts restic once more.
const READY_MS = 1_500;
const RESIDENT_MIB = 80;
const OUTSIDE_RESTIC_MS = 1_500;
const IDLE_SECONDS = 10;
const IDLE_CPU_PERCENT = 1;

const temporary = temporaryDir('size');
let system: TestSystem;
let restic: ReturnType<typeof loggingRestic>;
let source: string;

beforeAll(async () => {
  const real = await ensureRestic({ root: ROOT, say: () => undefined });
  restic = loggingRestic(temporary.path, real);
  system = await TestSystem.paired({ page: true, env: { RESTIC_BIN: restic.path } });
  source = system.folder('source');
  makeData(source, 8, 'size-and-time');
  await system.addPlan('figures', [source]);
});
afterAll(async () => {
  await system?.[Symbol.asyncDispose]();
  temporary[Symbol.dispose]();
});

test('the daemon is ready at once', async () => {
  const times = await measureReady({ root: ROOT, dir: mkdtempSync(join(temporary.path, 'ready-')), runs: 3 });
  expect(median(times)).toBeLessThan(READY_MS);
});

test.each([
  ['the first snapshot', () => undefined],
  ['a changed folder', () => changeOnePercent(source, 1)],
  ['an unchanged folder', () => undefined],
])('%s costs one restic and little beside it', async (_what, prepare) => {
  prepare();
  restic.take();
  const job = await system.json<Record<'startedAt' | 'endedAt', string> & Pick<Job, 'state'>>([
    'backup',
    'figures',
  ]);
  expect(job.state).toBe('succeeded');
  const runs = ofBackup(restic.take());
  expect(runs.map((run: { verb: string }) => run.verb)).toEqual(['backup']);
  const outsideMs = Date.parse(job.endedAt) - Date.parse(job.startedAt) - Number(runs[0]?.durationMs);
  expect(outsideMs).toBeLessThan(OUTSIDE_RESTIC_MS);
});

test('the daemon rests after its work: 80 MB, and hardly any processor', async () => {
  let { rssMiB, cpuPercent } = await measureIdle(system.daemonPid, IDLE_SECONDS);
  // The index of the last snapshot may still be made; then it has to come to rest.
  for (let more = 0; more < 3 && cpuPercent > IDLE_CPU_PERCENT; more += 1) {
    ({ rssMiB, cpuPercent } = await measureIdle(system.daemonPid, IDLE_SECONDS));
  }
  expect(rssMiB).toBeLessThanOrEqual(RESIDENT_MIB);
  expect(cpuPercent).toBeLessThanOrEqual(IDLE_CPU_PERCENT);
});
