import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Job, Plan, Snapshot } from '../../contract/index.ts';
import { formatBackupUrl } from '../../daemon/restore/backup-url.ts';
import { makeOddTree } from '../../helper/testing/odd-tree.ts';
import { compareTrees } from '../../scripts/start/compare-trees.mjs';
import { eventually } from '../harness/eventually.ts';
import { plainRestic, plainSnapshots } from '../harness/plain-restic.ts';
import { expectRefusal } from '../harness/refusal.ts';
import { PASSWORD, TestSystem } from '../harness/system.ts';

let system: TestSystem;
let source: string;
beforeAll(async () => {
  system = await TestSystem.paired();
  source = system.folder('source');
  makeOddTree(source);
});
afterAll(async () => await system[Symbol.asyncDispose]());

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

/** What the real Olares leaves on a disk: a repository made by stock restic, with its tags. */
async function realRepository(password: string): Promise<string> {
  const id = randomUUID();
  const repository = join(system.folder(`disk-${id}`), 'olares-backups', `Documents-${id}`);
  const tags = [
    `repo-name=${base64('Documents')}`,
    'backup-type=file',
    `backup-path=${base64('/Files/Home/Documents/')}`,
    'operator=app',
    `repo-id=${id}`,
    `files-prefix-path=${base64(JSON.stringify([source]))}`,
  ];
  const stock = { repository, password };
  await plainRestic(stock, ['init']);
  await plainRestic(stock, ['backup', ...tags.flatMap((tag) => ['--tag', tag]), source]);
  return repository;
}

describe('a repository that stock restic made with the tags of the real Olares', () => {
  test('is adopted, its snapshot listed and restored, and new ones are added to it', async () => {
    const repository = await realRepository(PASSWORD);
    const plan = await system.addPlan('Documents', [source], ['--location', repository, '--adopt']);
    expect(plan.repository?.address).toBe(repository);

    const [old] = await eventually(async () => {
      const found = await system.json<Snapshot[]>(['snapshot', 'list', plan.name]);
      return found.length > 0 && found;
    }, 'the adopted snapshot');
    const [stock] = await plainSnapshots({ repository, password: PASSWORD });
    expect(old).toMatchObject({ resticId: stock?.id, paths: [source], state: 'foreign' });

    const target = join(system.dir, 'adopted');
    await system.done(['restore', String(old?.resticId), '--target', target, ...withPassword()]);
    expect((await compareTrees(source, target)).differences).toEqual([]);

    await system.done(['backup', plan.name]);
    expect(await plainSnapshots({ repository, password: PASSWORD })).toHaveLength(2);
  });

  test('is left as it was when the password is wrong', async () => {
    const repository = await realRepository('another password entirely 9');
    const add = ['plan', 'add', 'Not mine', '--path', source, '--location', repository, '--adopt', '--yes'];
    const outcome = await system.cli([...add, '--schedule', 'manual', ...withPassword()]);
    expect(outcome).toMatchObject({ code: 12, stderr: expect.stringContaining('does not open') });
    const stock = { repository, password: 'another password entirely 9' };
    expect(JSON.parse(await plainRestic(stock, ['key', 'list', '--json']))).toHaveLength(1);
  });
});

test('a repository at Space is not adopted, and the words say what to do instead', async () => {
  const add = ['plan', 'add', 'At Space', '--path', source, '--adopt'];
  expectRefusal(await system.cli([...add, ...withPassword()]), 2, '--adopt', 'Backup URL');
  const plans = await system.json<Plan[]>(['plan', 'list']);
  expect(plans.map(({ name }) => name)).not.toContain('At Space');
});

describe('a Backup URL of a plan that this machine does not have', () => {
  let url: string;
  let plainUrl: string;
  beforeAll(async () => {
    const plan = await system.addPlan('elsewhere', [source]);
    const { result } = await system.json<Job>(['backup', plan.name]);
    const { snapshotId } = result as { snapshotId: string };
    url = backupUrl(plan, snapshotId);
    plainUrl = Buffer.from(url, 'base64').toString('utf8');
    await system.done(['plan', 'remove', plan.name, '--yes']);
  });

  test.each([
    ['in base64', () => url],
    ['in URL-safe base64 without padding', () => Buffer.from(url, 'base64').toString('base64url')],
    ['plain', () => plainUrl],
    ['broken into lines', () => `  ${url.replace(/(.{40})/g, '$1\n  ')}\n`],
  ])('restores with the typed password: %s', async (how, text) => {
    const target = join(system.dir, `by url ${how}`);
    await system.done(['restore', text(), '--target', target, ...withPassword()]);
    expect((await compareTrees(source, target)).differences).toEqual([]);
  });

  test('downloads nothing for a wrong password', async () => {
    const target = join(system.dir, 'by url, wrong');
    const wrong = system.file('wrong', 'not this one, never\n');
    const outcome = await system.cli(['restore', url, '--target', target, '--yes', '--password-file', wrong]);
    expect(outcome).toMatchObject({ code: 12, stderr: expect.stringMatching(/wrong password/i) });
    expect(existsSync(target)).toBe(false);
  });

  test('is refused when it names a place of another account', async () => {
    const foreign = plainUrl.replace(
      /did:key:[^/-]+/,
      'did:key:z6MkfhGpBzrMVJ3rYUxJrnKsEPHTxpmYnMsYLbJQA1FG2JFa',
    );
    const target = join(system.dir, 'foreign');
    const outcome = await system.cli(['restore', foreign, '--target', target, ...withPassword()]);
    expect(outcome).toMatchObject({ code: 17, stderr: expect.stringContaining('account') });
    expect(existsSync(target)).toBe(false);
  });
});

function withPassword(): string[] {
  return ['--yes', '--password-file', system.passwordFile];
}

function backupUrl(plan: Plan, snapshotId: string): string {
  const address = String(plan.repository?.address);
  return formatBackupUrl({ address, snapshotId, snapshotAt: Date.now(), backupPath: source });
}
