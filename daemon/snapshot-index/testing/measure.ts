import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Plan, Snapshot } from '../../../contract/index.ts';
import { systemClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { createEngine } from '../../engine/create-engine.ts';
import { createSpawnLauncher } from '../../engine/spawn-launcher.ts';
import { createSnapshotIndex } from '../create-snapshot-index.ts';
import type { SnapshotIndex } from '../index-ports.ts';

export interface MeasureOptions {
  /** Scratch; its owner removes it. */
  readonly directory: string;
  /** The stand-in for helper and restic, with its arguments. */
  readonly helper: readonly string[];
}

/** Milliseconds, bytes, and counts, as their names say. */
export type Figures = Record<string, number>;

export const PLAN = {
  id: '11111111-2222-4333-8444-555555555555',
  name: 'bench',
  state: 'armed',
} as Plan;

export const snapshotOf = (generation: number): Snapshot => ({
  id: `00000000-0000-4000-8000-${String(generation).padStart(12, '0')}`,
  resticId: generation.toString(16).padStart(8, '0').padEnd(64, 'a'),
  planId: PLAN.id,
  planName: PLAN.name,
  state: 'present',
  takenAt: generation * 3_600_000,
  paths: ['/data'],
  incomplete: false,
});

/** Indexes two snapshots that differ in one file of fifty, then asks what people ask. */
export async function measureIndex({ directory, helper }: MeasureOptions): Promise<Figures> {
  const snapshots = [snapshotOf(1)];
  const launcher = createSpawnLauncher({
    command: helper,
    stateDir: directory,
    resticBin: undefined,
    log: silentLog,
  });
  const engine = createEngine({ launcher, stateDir: directory, clock: systemClock, log: silentLog });
  const index = createSnapshotIndex({
    directory: join(directory, 'index'),
    plans: { get: () => PLAN, list: () => [PLAN] },
    repositories: {
      snapshots: () => Promise.resolve([...snapshots]),
      snapshot: () => Promise.reject(new Error('not asked here')),
      entries: () => Promise.reject(new Error('not indexed')),
    },
    engine,
    door: {
      access: () => Promise.resolve({ address: '/none', options: {}, credentials: { kind: 'none' } }),
      credentialsFor: () => undefined,
    },
    config: { engineHost: 'bench' },
    isIdle: () => true,
    clock: systemClock,
    log: silentLog,
    patienceMs: 600_000,
  });
  try {
    const first = await measureBuild('first', index, directory);
    snapshots.unshift(snapshotOf(2));
    const second = await measureBuild('second', index, directory);
    return { ...first, ...second, ...(await measureQuestions(index)) };
  } finally {
    await index.close();
    await engine.close();
  }
}

async function measureBuild(which: string, index: SnapshotIndex, directory: string): Promise<Figures> {
  const rssBefore = process.memoryUsage().rss;
  let rss = rssBefore;
  const sampling = setInterval(() => (rss = Math.max(rss, process.memoryUsage().rss)), 20);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const started = performance.now();
  await index.find({ pattern: 'no such name anywhere', plan: PLAN, limit: 10, wait: true });
  const buildMs = performance.now() - started;
  delay.disable();
  clearInterval(sampling);
  return {
    [`${which}.buildMs`]: buildMs,
    [`${which}.rssBeforeBytes`]: rssBefore,
    [`${which}.rssPeakBytes`]: rss,
    [`${which}.loopHeldMaxMs`]: delay.max / 1e6,
    [`${which}.loopHeldP99Ms`]: delay.percentile(99) / 1e6,
    [`${which}.filesBytes`]: sizeOf(join(directory, 'index')),
  };
}

const sizeOf = (directory: string): number =>
  readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);

async function measureQuestions(index: SnapshotIndex): Promise<Figures> {
  const [a, b] = [snapshotOf(1), snapshotOf(2)];
  const find = (pattern: string) => index.find({ pattern, plan: PLAN, limit: 100, wait: false });
  const folder = '/data/year-0000/album 00007';
  const figures: Figures = {
    ...(await timed('openFolder', () => index.entries(b, folder))),
    ...(await timed('openTop', () => index.entries(b, '/data'))),
    ...(await timed('findRare', () => find('0007919'))),
    ...(await timed('findCommon', () => find('img'))),
    ...(await timed('findGlob', () => find('r*sumé_00*7.pdf'))),
    ...(await timed('findPath', () => find('album 0000?/*.mp3'))),
    ...(await timed('findNothing', () => find('zzzzzz'))),
    ...(await timed('diff', () => index.diff({ a, b, limit: 100, after: 0 }))),
  };
  const { counts } = await index.diff({ a, b, limit: 1, after: 0 });
  const { files } = await find('0007919');
  return {
    ...figures,
    changed: counts.changed,
    found: files.length,
    listed: (await index.entries(b, folder)).length,
  };
}

async function timed(name: string, ask: () => Promise<unknown>): Promise<Figures> {
  const times: number[] = [];
  const cpuBefore = process.cpuUsage();
  for (let round = 0; round < 5; round += 1) {
    const started = performance.now();
    await ask();
    times.push(performance.now() - started);
  }
  const sorted = times.toSorted((one, other) => one - other);
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    [`${name}.firstMs`]: times[0] ?? 0,
    [`${name}.medianMs`]: sorted[2] ?? 0,
    // What it costs however busy the machine is with other things.
    [`${name}.cpuMs`]: (user + system) / 1_000 / times.length,
  };
}
