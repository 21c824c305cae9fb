import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AppError, type Location, type NewPlan } from '../../contract/index.ts';
import { systemChance } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { createPlans } from './create-plans.ts';
import type { Plans } from './plan-types.ts';

const ID = 'a'.repeat(64);
const ARMED = {
  repositoryId: ID,
  address: 's3:https://space/bucket/x',
  keys: [],
  capsule: { repositoryId: ID, config: '', keys: [] },
};
let dir: string;
let source: string;
let store: Store;
let plans: Plans;
let now = 1_000_000;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'plans-'));
  const stateDir = join(dir, 'state');
  source = join(dir, 'data');
  mkdirSync(join(source, 'inner'), { recursive: true });
  const clock = { now: () => now++, monotonic: () => now };
  store = openStore({ path: join(stateDir, 'state.db'), clock, log: silentLog });
  const nextDueAt = () => 5_000_000;
  plans = createPlans({
    store,
    clock,
    chance: systemChance,
    stateDir,
    defaultZone: 'Europe/Berlin',
    nextDueAt,
  });
});
afterEach(() => {
  store.close();
  rmSync(dir, { recursive: true, force: true });
});

const faultOf = (work: () => unknown): Pick<AppError, 'code' | 'field' | 'message' | 'hint'> => {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};
const create = (input: Partial<NewPlan> = {}) => plans.create({ name: 'photos', paths: [source], ...input });

test('a new plan has the defaults, is unarmed and is told to the event log', () => {
  const plan = create();
  expect(plan).toMatchObject({
    state: 'unarmed',
    zone: 'Europe/Berlin',
    location: { kind: 'space' },
    snapshotCount: 0,
    paths: [source],
  });
  expect(plan.nextDueAt).toBeUndefined();
  expect(store.events.after(0, 9).map((event) => event.kind)).toEqual(['plan.changed']);
});

describe('refuses, naming field, value and way out,', () => {
  test.each([
    ['   ', 'is empty'],
    ['..', 'starts with a dot'],
    ['.hidden', 'starts with a dot'],
    ['a/b', 'contains "/"'],
    ['a\\b', 'contains "\\"'],
    ['me@home', 'contains "@"'],
    ['wow!', 'contains "!"'],
    ['#1', 'contains "#"'],
    ['a\u0000b', 'control character'],
    ['a\u202eb', 'control character'],
    ['x'.repeat(101), 'longer than 100'],
  ])('the name %j', (name, fault) => {
    const error = faultOf(() => create({ name }));
    expect([error.code, error.field]).toEqual(['invalid_input', 'name']);
    expect(error.message).toContain(fault);
    expect(error.hint).toBeTruthy();
  });
  test('a name that is taken, whatever its case', () => {
    create({ name: 'Büro' });
    expect(faultOf(() => create({ name: 'BÜRO' }))).toMatchObject({ code: 'conflict', field: 'name' });
  });
  test.each([
    ['relative', () => ['data'], 'is not absolute'],
    ['missing', () => [join(dir, 'gone')], 'does not exist'],
    ['inside the state directory', () => [join(dir, 'state')], 'state directory'],
    ['named twice', () => [source, `${source}/`], 'is named twice'],
    ['with a NUL', () => ['/a\0b'], 'NUL'],
  ])('a path that is %s', (_, paths, fault) => {
    const error = faultOf(() => create({ paths: paths() }));
    expect([error.code, error.field]).toEqual(['invalid_input', 'paths']);
    expect(error.message).toContain(fault);
  });
  test('a path that is a symbolic link, also one into the state directory', () => {
    symlinkSync(join(dir, 'state'), join(dir, 'link'));
    expect(faultOf(() => create({ paths: [join(dir, 'link')] })).message).toContain('symbolic link');
    mkdirSync(join(dir, 'state', 'inner'));
    expect(faultOf(() => create({ paths: [join(dir, 'link', 'inner')] })).message).toContain(
      'state directory',
    );
  });
  test('a location inside its source, and the reverse, by whole path segments', () => {
    const at = (path: string): { location: Location } => ({ location: { kind: 'directory', path } });
    expect(faultOf(() => create(at(join(source, 'repo')))).message).toContain('is inside the source');
    expect(faultOf(() => create(at(dir))).message).toContain('contains the source');
    expect(faultOf(() => create(at(join(dir, 'state', 'repo')))).message).toContain('state directory');
    expect(create(at(`${source}-repo`)).location).toEqual({ kind: 'directory', path: `${source}-repo` });
  });
  test('a password in an address and a credentials file that others can read', () => {
    const rest: Location = { kind: 'rest', address: 'rest:https://me:secret@host/repo' };
    const error = faultOf(() => create({ location: rest }));
    expect(error.field).toBe('location');
    expect(error.message).not.toContain('secret');
    const file = join(dir, 'credentials');
    writeFileSync(file, '');
    chmodSync(file, 0o644);
    const s3: Location = { kind: 's3', address: 's3:https://host/b', credentialsFile: file };
    expect(faultOf(() => create({ location: s3 })).hint).toBe(`chmod 600 ${file}`);
  });
  test('an unknown zone and an empty exclude pattern', () => {
    expect(faultOf(() => create({ zone: 'Europe/Atlantis' }))).toMatchObject({ field: 'zone' });
    expect(faultOf(() => create({ excludes: [' '] }))).toMatchObject({ field: 'excludes' });
  });
  test('a plan it does not know, with the names there are', () => {
    create();
    expect(faultOf(() => plans.get('musik')).message).toBe('no plan "musik"; there are "photos"');
  });
});

describe('a plan', () => {
  test('runs from the moment it is armed, not while paused, and again after resume', () => {
    const { id } = create();
    expect(faultOf(() => plans.pause('photos')).code).toBe('conflict');
    expect(plans.arm(id, ARMED)).toMatchObject({
      state: 'armed',
      nextDueAt: 5_000_000,
      repository: { id: ID },
    });
    expect(plans.pause('PHOTOS').nextDueAt).toBeUndefined();
    expect(plans.resume(id)).toMatchObject({ state: 'armed', nextDueAt: 5_000_000 });
  });
  test('can be changed while a source is away, but not to a source that is away', () => {
    create();
    rmSync(source, { recursive: true });
    expect(plans.change('photos', { name: 'pictures' }).name).toBe('pictures');
    expect(faultOf(() => plans.change('pictures', { paths: [source] })).field).toBe('paths');
  });
  test('when removed tells its listeners in the same transaction', () => {
    create();
    plans.onRemoved(() => {
      throw new Error('not now');
    });
    expect(() => plans.remove('photos')).toThrow('not now');
    expect(plans.list()).toHaveLength(1);
  });
  test('shows what its snapshots added and when it last went well', () => {
    const { id } = create();
    const job = {
      planId: id,
      planName: null,
      requestId: null,
      lane: id,
      reason: null,
      params: null,
      result: null,
    };
    const times = {
      createdAt: 1,
      dueAt: 1,
      notBeforeAt: null,
      error: null,
      attempt: 1,
      cause: 'user' as const,
    };
    store.commit(() => {
      store.jobs.insert({
        ...job,
        ...times,
        id: 'good',
        kind: 'backup',
        state: 'succeeded',
        startedAt: 2,
        endedAt: 3,
      });
      store.jobs.insert({
        ...job,
        ...times,
        id: 'bad',
        kind: 'backup',
        state: 'failed',
        startedAt: 8,
        endedAt: 9,
      });
    });
    expect(plans.get(id)).toMatchObject({ lastGoodAt: 3, lastTryAt: 8 });
  });
});
