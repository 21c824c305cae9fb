import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Job, Look, Plan, Snapshot } from '../../contract/index.ts';
import { formatBackupUrl } from '../../daemon/restore/backup-url.ts';
import { openRestServer } from '../../helper/testing/rest-server.ts';
import { runProgram } from '../../scripts/start/processes.mjs';
import { compareTrees } from '../../scripts/start/compare-trees.mjs';
import { eventually } from '../harness/eventually.ts';
import { expectRefusal } from '../harness/refusal.ts';
import { ROOT, TestSystem, type Outcome } from '../harness/system.ts';

const SETTINGS = [
  ...'--exclude *.tmp --timezone Europe/Berlin --limit-upload 900M --limit-upload'.split(' '),
  '08:00-18:00 800M',
];
let system: TestSystem;
let source: string;
let local: Plan;
let atSpace: Plan;
let url: string;

beforeAll(async () => {
  system = await TestSystem.paired();
  source = system.folder('source');
  mkdirSync(join(source, 'deep'));
  writeFileSync(join(source, 'deep', 'text'), 'what counts');
  writeFileSync(join(source, 'big'), Buffer.alloc(3_000_000, 'x1y2z3'));
  [local, atSpace] = await Promise.all([
    system.addPlan('My photos', [source], ['--location', join(system.dir, 'disk'), ...SETTINGS]),
    system.addPlan('at space', [source]),
  ]);
  const [{ result }] = await Promise.all([
    system.json<Job>(['backup', atSpace.name]),
    system.done(['backup', local.name]),
  ]);
  const { snapshotId } = result as { snapshotId: string };
  url = formatBackupUrl({
    address: String(atSpace.repository?.address),
    snapshotId,
    snapshotAt: Date.now(),
    backupPath: source,
  });
});
afterAll(async () => await system[Symbol.asyncDispose]());

/** The CLI on a machine where nothing was ever set up. */
async function elsewhere(args: string[], stateDir = join(system.dir, 'nothing')): Promise<Outcome> {
  return await runProgram({ root: ROOT, name: 'olares-backup', args: ['--state-dir', stateDir, ...args] });
}
const password = () => ['--yes', '--password-file', system.passwordFile];
const leftBehind = () => readdirSync(tmpdir()).filter((name) => name.startsWith('olares-backup-fg-'));

describe('on a machine without an agent', () => {
  test('restore takes the address of a repository and the password, and leaves nothing', async () => {
    const before = leftBehind();
    const target = join(system.dir, 'from address');
    const address = String(local.repository?.address);
    const outcome = await elsewhere(['restore', address, '--target', target, ...password()]);
    expect(outcome).toMatchObject({ code: 0, stderr: expect.stringContaining('No agent runs here') });
    expect((await compareTrees(source, target)).differences).toEqual([]);
    expect(leftBehind()).toEqual(before);
    expect(existsSync(join(system.dir, 'nothing'))).toBe(false);
  });

  test('restore takes a Backup URL of Space with a sign-in', async () => {
    const target = join(system.dir, 'from url');
    const { code } = system.space.createPairingCode('alice@olares.com');
    const signIn = ['--space', system.space.url, '--code', code];
    const outcome = await elsewhere(['restore', url, '--target', target, ...signIn, ...password(), '--json']);
    expect(outcome.code, outcome.stderr).toBe(0);
    expect((await compareTrees(source, target)).differences).toEqual([]);
    expect(JSON.parse(outcome.stdout)).toMatchObject({ state: 'succeeded' });
    const [here, gone] = system.space.state.devices.list();
    expect([here?.revokedAt, gone?.revokedAt]).toEqual([null, expect.any(Number)]);
  });

  test('says what is missing', async () => {
    const wrong = system.file('wrong', 'not this one, never\n');
    const storage = await openRestServer(String(local.repository?.address));
    const before = leftBehind();
    const [unsigned, unnamed, mistyped] = await Promise.all([
      elsewhere(['restore', url, ...password()]),
      elsewhere(['restore', ...password()]),
      elsewhere(['restore', storage.address, '--yes', '--password-file', wrong]),
    ]);
    expectRefusal(unsigned, 15, '--space');
    expectRefusal(unnamed, 2, 'Backup URL');
    expectRefusal(mistyped, 12, 'password');
    expect(leftBehind()).toEqual(before);
    await storage.close();
    // Configuration and keys: all that is read before the password is proven.
    expect(storage.fetched).toBe(0);
    expect(storage.fetchedBeside).toBeGreaterThan(0);
    expect(storage.fetchedBeside).toBeLessThan(4096);
  });
});

describe('a machine that takes the place of a lost one', () => {
  let heir: TestSystem;
  beforeAll(async () => {
    heir = new TestSystem({ stateDir: join(system.dir, 'heir') });
    heir.space = system.space;
    await heir.startDaemon();
  });
  afterAll(async () => await heir.stopDaemon());

  const adopted = async (args: string[]): Promise<{ plan: Plan; removedKeys: string[] }> =>
    await heir.json(['adopt', ...args, '--yes', '--password-file', system.passwordFile]);

  test('sees what the repository carries before anything is changed', async () => {
    const look = await heir.json<Look>([
      'adopt',
      String(local.repository?.address),
      '--look',
      '--password-file',
      system.passwordFile,
    ]);
    expect(look.settings?.plan).toMatchObject({ id: local.id, name: local.name, excludes: ['*.tmp'] });
    expect(look.settings?.others).toMatchObject([
      { name: atSpace.name, address: atSpace.repository?.address },
    ]);
    expect(await heir.json<Plan[]>(['plan', 'list'])).toEqual([]);
  });

  test('goes on with plan, schedule and lineage, and uploads nothing again', async () => {
    const address = String(local.repository?.address);
    const { id, name, paths, excludes, zone, schedule, limits } = local;
    expect(limits?.upload).toHaveLength(2);
    // Cut off when the plan was made and not armed; what is said the next time counts.
    const other = ['--path', system.folder('other'), '--name', 'other'];
    const cutOff = await heir.cli([
      'adopt',
      address,
      ...other,
      '--kit-file',
      system.passwordFile,
      ...password(),
    ]);
    expect(cutOff).toMatchObject({ code: 2, stderr: expect.stringContaining('--kit-file') as string });
    expect(await heir.json<Plan[]>(['plan', 'list'])).toMatchObject([
      { id, name: 'other', state: 'unarmed' },
    ]);
    const again = ['--path', source, '--name', name, '--remove-old-key'];
    const { plan, removedKeys } = await adopted([address, ...again]);
    expect(plan).toMatchObject({ id, name, paths, excludes, zone, schedule, limits, state: 'armed' });
    expect(removedKeys).toEqual(local.keys.filter(({ role }) => role === 'machine').map((key) => key.id));
    const [old] = await eventually(async () => {
      const found = await heir.json<Snapshot[]>(['snapshot', 'list', name]);
      return found.length > 0 && found;
    }, 'the snapshot of the lost machine');
    expect(old).toMatchObject({ planId: id, state: 'present' });
    const { result } = await heir.json<Job>(['backup', name]);
    expect(result).toMatchObject({ filesNew: 0, filesChanged: 0, filesUnmodified: 2 });
    expect((result as { addedBytes: number }).addedBytes).toBeLessThan(2_000);
  });

  test('adopts a plan at Space from its Backup URL, once it is given up where it is active', async () => {
    const { code } = system.space.createPairingCode('alice@olares.com');
    const [old] = system.space.state.devices.list();
    const signIn = ['--space', system.space.url, '--code', code];
    const refused = await heir.cli(['adopt', url, ...signIn, ...password()]);
    expectRefusal(refused, 1, String(old?.machine));
    expect(refused.stderr).toContain('olares-backup logout');
    await system.done(['logout', '--yes']);
    expect(system.space.state.devices.byId(String(old?.id))?.revokedAt).not.toBeNull();
    const { plan } = await adopted([url, '--keep-old-key']);
    expect(plan).toMatchObject({ id: atSpace.id, repository: atSpace.repository, state: 'armed' });
    const { result } = await heir.json<Job>(['backup', plan.name]);
    expect((result as { addedBytes: number }).addedBytes).toBeLessThan(2_000);
  });

  test('checks that the password is still known, offline, and remembers when', async () => {
    const before = Date.now();
    await heir.done(['key', 'check-password', local.name, ...password()]);
    const { passwordProvenAt } = await heir.json<Plan>(['plan', 'show', local.name]);
    expect(Date.parse(String(passwordProvenAt))).toBeGreaterThanOrEqual(before);
    expect((await heir.done(['key', 'list', local.name])).stdout).toContain('last typed right');
  });

  test('does not adopt twice, nor with a wrong password', async () => {
    const args = ['adopt', String(local.repository?.address), '--yes', '--password-file'];
    const wrong = system.file('wrong-2', 'not this one, never\n');
    const [again, mistyped] = await Promise.all([
      heir.cli([...args, system.passwordFile]),
      heir.cli([...args, wrong]),
    ]);
    expectRefusal(again, 1, local.name);
    expectRefusal(mistyped, 12, 'password');
  });
});
