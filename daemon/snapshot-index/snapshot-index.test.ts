import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HelperRequestOf, Plan, Snapshot } from '../../contract/index.ts';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { buildRealHelper, sendSecret, type RealHelper } from '../engine/testing/real-helper.ts';
import type { RunOptions } from '../engine/engine.ts';
import { createDoor } from '../maintenance/door.ts';
import { createWorld, type World } from '../maintenance/testing/world.ts';
import { createSnapshotIndex } from './create-snapshot-index.ts';
import type { SnapshotIndex } from './index-ports.ts';

const PASSWORD = 'orbit-lantern-velvet-candle-prairie-91';

let helper: RealHelper;
let world: World;
let plan: Plan;
let index: SnapshotIndex;
/** Snapshots read from the repository, in order. */
const reads: string[] = [];
let isIdle = true;

beforeAll(async () => {
  helper = await buildRealHelper();
  world = createWorld({ helper });
  const armed = world.makePlan();
  const { socketPath } = await world.repositories.arm(armed, { mode: 'create', recovery: false });
  await sendSecret(socketPath, { password: PASSWORD });
  plan = world.plans.get(armed.id);
  for (let at = 0; at < 300; at += 1) {
    const folder = join(world.source, `folder ${at % 7}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `file-${at}.txt`), 'x'.repeat(at));
  }
  writeFileSync(Buffer.concat([Buffer.from(`${world.source}/odd-`), Buffer.from([0xff])]), 'odd');
  index = openIndex();
});

afterAll(async () => {
  await index.close();
  await world.close();
  rmSync(world.root, { recursive: true, force: true });
  helper.dispose();
});

function openIndex(): SnapshotIndex {
  return createSnapshotIndex({
    directory: join(world.stateDir, 'index'),
    plans: world.plans,
    repositories: world.repositories,
    door: createDoor({ space: () => undefined }),
    config: { engineHost: 'test-host' },
    isIdle: () => isIdle,
    clock: systemClock,
    log: silentLog,
    engine: {
      run: (request: HelperRequestOf<'ls-all'>, options?: RunOptions) => {
        reads.push(request.snapshotId);
        return world.engine.run(request, options);
      },
    },
  });
}

async function backUp(): Promise<Snapshot> {
  expect(await world.backup(plan)).toMatchObject({ state: 'succeeded' });
  const [newest] = await world.repositories.snapshots(plan, false);
  return newest as Snapshot;
}

const find = (pattern: string, wait = true) => index.find({ pattern, plan: undefined, limit: 100, wait });
const diff = (a: Snapshot, b: Snapshot) => index.diff({ a, b, limit: 100, after: 0 });

// One repository lives through these in order: each step costs restic about a second.
describe('snapshots of a real repository', () => {
  let first: Snapshot;
  let second: Snapshot;

  it('are listed from the index exactly as restic lists them', async () => {
    first = await backUp();
    const folder = join(world.source, 'folder 3');
    const [top, asked] = [await index.entries(first, '/'), await index.entries(first, folder)];
    const found = await find('file-3.txt');
    expect(found.index).toEqual({ snapshots: 1, indexed: 1 });
    expect(found.files).toMatchObject([{ path: join(folder, 'file-3.txt'), sizeBytes: 3, deleted: false }]);
    const byPath = (one: { path: string }, other: { path: string }) => (one.path < other.path ? -1 : 1);
    expect((await index.entries(first, folder)).sort(byPath)).toEqual(asked.toSorted(byPath));
    expect(await index.entries(first, '/')).toEqual(top);
    expect(reads).toEqual([first.resticId]);
    await expect(index.entries(first, '/nowhere')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('show a name that is no text, and do not claim to find it again', async () => {
    const { files } = await find('odd-');
    expect(files).toMatchObject([{ path: join(world.source, 'odd-\ufffd'), sizeBytes: 3 }]);
    await expect(index.entries(first, files[0]?.path ?? '')).rejects.toMatchObject({ code: 'invalid_input' });
  });

  it('differ by what was added, removed, changed and by rights alone', async () => {
    const at = (name: string) => join(world.source, 'folder 1', name);
    writeFileSync(at('new.txt'), '12345');
    rmSync(at('file-1.txt'));
    appendFileSync(at('file-8.txt'), 'more');
    chmodSync(at('file-15.txt'), 0o600);
    renameSync(at('file-22.txt'), at('file-22-moved.txt'));
    second = await backUp();
    const found = await diff(first, second);
    expect(found.counts).toMatchObject({ added: 2, removed: 2, changed: 1 });
    expect(found).toMatchObject({ addedBytes: 27, removedBytes: 23 });
    const told = found.entries.filter(({ type }) => type === 'file');
    expect(told.map(({ change, path }) => `${change} ${path.split('/').at(-1)}`).sort()).toEqual([
      'added file-22-moved.txt',
      'added new.txt',
      'changed file-8.txt',
      'metadata file-15.txt',
      'removed file-1.txt',
      'removed file-22.txt',
    ]);
    expect((await diff(second, first)).counts).toMatchObject({ added: 2, removed: 2, changed: 1 });
    expect((await diff(second, second)).entries).toEqual([]);
  });

  it('tell since when a file is gone', async () => {
    const { files } = await find('file-1.txt');
    expect(files).toMatchObject([{ deleted: true, snapshots: 1, lastSeen: { id: first.id } }]);
    const { files: changed } = await find('FILE-8.TXT');
    expect(changed).toMatchObject([{ deleted: false, snapshots: 2, states: 2, sizeBytes: 12 }]);
  });

  it('are read once: neither a restart nor another question reads them again', async () => {
    await index.close();
    index = openIndex();
    await find('file');
    await diff(first, second);
    expect(reads).toEqual([first.resticId, second.resticId]);
  });

  it('are read again when the index is damaged or gone', async () => {
    await index.close();
    const file = join(world.stateDir, 'index', `${plan.id}.db`);
    writeFileSync(file, Buffer.alloc(50_000, 1));
    index = openIndex();
    const { files, index: state } = await find('file-8.txt');
    expect(state).toEqual({ snapshots: 2, indexed: 2 });
    expect(files).toMatchObject([{ snapshots: 2 }]);
    expect(reads).toHaveLength(4);
  });

  it('are read unasked only while the machine has nothing to do', async () => {
    const third = await backUp();
    isIdle = false;
    await index.tend();
    expect(reads).toHaveLength(4);
    isIdle = true;
    await index.tend();
    expect(reads).toHaveLength(5);
    expect((await find('file-8.txt')).index.indexed).toBe(3);
    expect(reads).toHaveLength(5);
    expect(reads.at(-1)).toBe(third.resticId);
  });

  it('leave the index when they leave the repository', async () => {
    const setState = (state: 'missing' | 'present') =>
      world.store.commit(() => world.store.snapshots.setState(first.id, state));
    setState('missing');
    await index.tend();
    const { files, index: state } = await find('file-1.txt');
    expect({ files, state }).toEqual({ files: [], state: { snapshots: 2, indexed: 2 } });
    setState('present');
    expect((await find('file-1.txt')).files).toMatchObject([{ deleted: true, snapshots: 1 }]);
    expect(reads).toHaveLength(6);
  });

  it('that cannot be read are told with the reason, beside what is known', async () => {
    const fourth = await backUp();
    const { address } = plan.repository as NonNullable<Plan['repository']>;
    renameSync(address, `${address}-away`);
    try {
      const { files, index: state } = await find('file-8.txt');
      expect(files).toHaveLength(1);
      expect(state).toMatchObject({ snapshots: 4, indexed: 3, problem: expect.stringContaining('') });
      await expect(diff(first, fourth)).rejects.toMatchObject({ code: 'repository_missing' });
    } finally {
      renameSync(`${address}-away`, address);
    }
    expect((await find('file-8.txt')).index).toEqual({ snapshots: 4, indexed: 4 });
  });

  it('are forgotten with their plan', async () => {
    await index.removePlan(plan.id);
    expect(readdirSync(join(world.stateDir, 'index'))).toEqual([]);
  });

  it('of two plans are not compared', async () => {
    const foreign = { ...second, planId: '99999999-2222-4333-8444-555555555555', planName: 'other' };
    await expect(diff(first, foreign)).rejects.toThrow(/is a snapshot of "documents"/);
  });
});
