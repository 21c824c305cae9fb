import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Job, Plan, RestoreRequest, Snapshot } from '../../contract/index.ts';
import { eventually } from '../harness/eventually.ts';
import { plainRestic } from '../harness/plain-restic.ts';
import { expectRefusal } from '../harness/refusal.ts';
import { TestSystem, type Outcome } from '../harness/system.ts';

const isRoot = process.getuid?.() === 0;
const CLOSED = 'http://127.0.0.1:1';

let system: TestSystem;
let source: string;
beforeAll(async () => {
  system = await TestSystem.paired();
  source = system.folder('source');
  writeFileSync(join(source, 'file'), Buffer.alloc(300_000, 'content'));
  await system.addPlan('photos', [source]);
  await system.done(['backup', 'photos']);
});
afterAll(async () => await system[Symbol.asyncDispose]());

const withPassword = (): string[] => ['--yes', '--password-file', system.passwordFile];
const addPlan = (name: string, ...more: string[]): Promise<Outcome> =>
  system.cli(['plan', 'add', name, '--schedule', 'manual', ...withPassword(), ...more]);
const restore = (...more: string[]): Promise<Outcome> => system.cli(['restore', ...more, ...withPassword()]);
const weakPlan = (): string[] => {
  const weak = system.file('weak', 'password\n');
  return ['plan', 'add', 'new', '--path', source, '--yes', '--password-file', weak];
};
const planNames = async (): Promise<string[]> =>
  (await system.json<Plan[]>(['plan', 'list'])).map(({ name }) => name);

describe('a plan is not added', () => {
  test.each<[string, () => Promise<Outcome>, number, (string | RegExp)[]]>([
    ['with an unknown option', () => addPlan('new', '--pth', source), 2, ["'--pth'", '--path']],
    ['with a name that is taken', () => addPlan('photos', '--path', source), 1, ['"photos"', 'another name']],
    ['without a name', () => addPlan(' ', '--path', source), 2, ['name', 'photos']],
    ['with a name that addresses cannot hold', () => addPlan('a/b', '--path', source), 2, ['"a/b"']],
    ['without a path', () => addPlan('new'), 2, ['--path']],
    ['with a path that does not exist', () => addPlan('new', '--path', '/no/such'), 2, ['/no/such']],
    [
      'with a path inside of the state directory',
      () => addPlan('new', '--path', join(system.stateDir, 'keys')),
      2,
      [/is inside the agent's state directory/],
    ],
    [
      'with a location inside of its source',
      () => addPlan('new', '--path', source, '--location', join(source, 'disk')),
      2,
      [/inside the source/],
    ],
    [
      'with an unknown kind of location',
      () => addPlan('new', '--path', source, '--location', 'ftp:host'),
      2,
      ['ftp:'],
    ],
    ['with a weak password', () => system.cli(weakPlan()), 2, ['too weak', 'six random words']],
  ])('%s', async (_name, attempt, code, texts) => {
    const before = await planNames();
    expectRefusal(await attempt(), code, ...texts);
    expect(await planNames()).toEqual(before);
  });

  test('by a command with a slip in it', async () => {
    expectRefusal(await system.cli(['bakup', 'photos']), 2, 'bakup', 'Did you mean backup');
  });
});

test('a relative path is meant from the current directory on', async () => {
  const plan = await system.json<Plan>(['plan', 'edit', 'photos', '--path', 'scripts']);
  expect(plan.paths).toEqual([join(process.cwd(), 'scripts')]);
  await system.done(['plan', 'edit', 'photos', '--path', source]);
});

describe('a location that cannot be used leaves no plan behind', () => {
  const refused = async (location: string, ...more: string[]): Promise<Outcome> => {
    const outcome = await addPlan('new', '--path', source, '--location', location, ...more);
    expect(await planNames()).not.toContain('new');
    return outcome;
  };

  test.each<[string, () => Promise<Outcome>]>([
    ['a REST server', () => refused(`rest:${CLOSED}/x`)],
    ['S3', () => refused(`s3:${CLOSED}/bucket/x`, '--credentials-file', credentials())],
  ])('not reachable: %s', async (_name, attempt) => {
    const start = performance.now();
    expectRefusal(await attempt(), 16, '127.0.0.1:1', 'cannot be reached');
    expect(performance.now() - start).toBeLessThan(15_000);
  });

  test('holding a foreign repository, which stays as it is', async () => {
    const disk = system.folder('foreign');
    await plainRestic({ repository: disk, password: 'not ours' }, ['init']);
    const before = readdirSync(disk, { recursive: true });
    expectRefusal(await refused(disk), 1, disk, 'holds a repository already', '--adopt');
    expect(readdirSync(disk, { recursive: true })).toEqual(before);
  });

  test('holding something else than what is to be adopted', async () => {
    const disk = system.folder('full');
    writeFileSync(join(disk, 'letter'), 'mine');
    expectRefusal(await refused(disk, '--adopt'), 10, disk, 'is not empty', '"config" file');
    expect(readdirSync(disk)).toEqual(['letter']);
  });

  test('holding nothing to adopt', async () => {
    const disk = join(system.dir, 'nowhere');
    expectRefusal(await refused(disk, '--adopt'), 10, disk, 'no repository');
    expect(existsSync(disk)).toBe(false);
  });

  test('that is a file', async () => {
    expectRefusal(await refused(system.passwordFile), 2, system.passwordFile);
  });

  const credentials = (): string =>
    system.file('aws', '[default]\naws_access_key_id=a\naws_secret_access_key=b\n');
});

describe('a restore does not begin', () => {
  const target = (): string => join(system.dir, 'target');
  const latest = (...more: string[]): Promise<Outcome> => restore('latest', '--plan', 'photos', ...more);

  test.each<[string, () => Promise<Outcome>, number, (string | RegExp)[]]>([
    ['for an unknown code', () => restore('ZZZZ', '--target', target()), 17, ['ZZZZ', 'request list']],
    ['for an unknown snapshot', () => restore('deadbeef', '--target', target()), 1, ['deadbeef']],
    [
      'into a directory that holds something',
      () => latest('--target', source),
      2,
      [/inside the source|is not empty/],
    ],
    ['into the state directory', () => latest('--target', join(system.stateDir, 'x')), 2, [/its own state/]],
    [
      'of a path that is not in the snapshot',
      () => latest('--target', target(), '--include', join(source, 'nope')),
      1,
      ['has no', 'snapshot ls'],
    ],
    [
      'of a path outside of the snapshot',
      () => latest('--target', target(), '--include', '/etc'),
      2,
      ['/etc', 'snapshot ls'],
    ],
    ['by a broken Backup URL', () => restore(`${CLOSED}/x?y`, '--target', target()), 2, ['Backup URL']],
    [
      'without its password file',
      () => system.cli(['restore', 'latest', '--plan', 'photos', '--yes', '--password-file', '/no/file']),
      2,
      ['/no/file'],
    ],
  ])('%s', async (_name, attempt, code, texts) => {
    const outcome = await attempt();
    expect({ code: outcome.code, stderr: outcome.stderr }).toMatchObject({ code });
    for (const text of texts) expect(outcome.stderr).toMatch(text);
    expect(existsSync(target())).toBe(false);
    expect((await system.json<Job[]>(['job', 'list', '--active'])).length).toBe(0);
  });

  test('into a directory that is not empty', async () => {
    const full = system.folder('not empty');
    writeFileSync(join(full, 'mine'), 'keep');
    expectRefusal(await latest('--target', full), 1, full, 'is not empty', 'nothing was changed');
    expect(readdirSync(full)).toEqual(['mine']);
  });

  test.runIf(isRoot)('where there is no room', async () => {
    using small = new SmallDisk(system.folder('small'));
    expectRefusal(await latest('--target', join(small.path, 'x')), 14, 'no room', '--include');
    expect(readdirSync(small.path)).toEqual([]);
  });

  test('once its request was declined', async () => {
    const request = await declinedRequest();
    expectRefusal(await restore(request, '--target', target()), 17, /declined/);
    expect(existsSync(target())).toBe(false);
  });

  test('with wrong passwords, and after five of them not with any for a while', async () => {
    const wrong = system.file('wrong', 'not the password 77\n');
    const attempt = (file: string): Promise<Outcome> =>
      system.cli([
        'restore',
        'latest',
        '--plan',
        'photos',
        '--target',
        target(),
        '--yes',
        '--password-file',
        file,
      ]);
    for (const left of ['4 tries', '3 tries', '2 tries', '1 try', 'No try']) {
      expectRefusal(await attempt(wrong), 12, 'Wrong password. Nothing was downloaded', left, 'Caps Lock');
    }
    expectRefusal(await attempt(system.passwordFile), 75, /in \d+ s/, 'nothing is locked for good');
    expect(existsSync(target())).toBe(false);
  });

  /** Space asked for it, and the person said no. */
  async function declinedRequest(): Promise<string> {
    const { resticId, planId } = (await system.json<Snapshot[]>(['snapshot', 'list', 'photos']))[0]!;
    const [device] = system.space.state.devices.list();
    system.space.command({
      deviceId: String(device?.id),
      kind: 'restore.propose',
      params: { planId, snapshotId: resticId, note: 'please' },
      askedBy: 'test',
    });
    const { code } = await eventually(
      async () => (await system.json<RestoreRequest[]>(['request', 'list']))[0],
      'the proposal',
    );
    await system.done(['request', 'decline', code, '--yes']);
    return code;
  }
});

class SmallDisk {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', path]);
  }

  [Symbol.dispose](): void {
    execFileSync('umount', [this.path]);
  }
}
