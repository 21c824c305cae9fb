import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Job, Plan, PlanKey } from '../../contract/index.ts';
import { makeOddTree } from '../../helper/testing/odd-tree.ts';
import { compareTrees } from '../../scripts/start/compare-trees.mjs';
import {
  recoveryWords,
  plainRestic,
  plainSnapshots,
  tryPlainRestic,
  type PlainRestic,
} from '../harness/plain-restic.ts';
import { PASSWORD, TestSystem } from '../harness/system.ts';

const SUFFIX = /\/did:key:[^/-]+-([^/-]+)\//;

let system: TestSystem;
let source: string;
beforeAll(async () => {
  system = await TestSystem.paired();
  source = system.folder('My source');
  makeOddTree(source);
});
afterAll(async () => await system[Symbol.asyncDispose]());

describe('a repository at Space', () => {
  let plan: Plan;
  let job: Job;
  let words: string;
  let env: Record<string, string>;
  beforeAll(async () => {
    const kit = join(system.dir, 'kit-space.txt');
    plan = await system.addPlan('Fotos & mehr (2)', [source], ['--kit-file', kit]);
    words = recoveryWords(kit);
    job = await system.json<Job>(['backup', plan.name]);
    env = await temporaryKeys(system);
  });

  const at = (password: string): PlainRestic => ({
    repository: String(plan.repository?.address),
    password,
    env,
  });

  test('has the address that the real Olares would give it', () => {
    const { bucket } = system.space.storageIdentity;
    const [, userid, suffix] = /\/(did:key:[^/-]+)-([^/-]+)\/olares-backups\//.exec(at('').repository) ?? [];
    expect(userid).toMatch(/^did:key:z6Mk/);
    expect(suffix).toBeTruthy();
    // Go's url.PathEscape leaves & and escapes brackets.
    const name = `Fotos%20&%20mehr%20%282%29-${plan.id}`;
    expect(at('').repository).toBe(
      `s3:${system.space.url}/${bucket}/${userid}-${suffix}/olares-backups/${name}`,
    );
  });

  test('is opened by three keys, as the page on stock restic says', async () => {
    const keys = await system.json<PlanKey[]>(['key', 'list', plan.name]);
    expect(keys.map(({ role }) => role).toSorted()).toEqual(['machine', 'recovery', 'user']);
  });

  test('carries every tag that the real Olares reads', async () => {
    const [snapshot] = await plainSnapshots(at(PASSWORD));
    const tags = Object.fromEntries((snapshot?.tags ?? []).map(cutAtFirst));
    expect(tags).toEqual({
      'repo-name': base64(plan.name),
      'backup-type': 'file',
      'backup-path': base64(source),
      operator: 'app',
      'repo-id': plan.id,
      'files-prefix-path': base64(JSON.stringify([source])),
      'repo-suffix': SUFFIX.exec(at('').repository)?.[1],
      'agent-job': job.id,
      'agent-settings': expect.any(String) as string,
    });
    expect(snapshot?.paths).toEqual([source]);
  });

  test.each([
    ['the password', () => PASSWORD],
    ['the recovery words', () => words],
  ])('is restored bit for bit by stock restic with %s alone', async (how, secret) => {
    const target = system.folder(`stock ${how}`);
    await plainRestic(at(secret()), ['restore', 'latest', '--target', target]);
    expect((await compareTrees(source, join(target, source))).differences).toEqual([]);
  });

  test('opens with nothing else', async () => {
    const { code, stderr } = await tryPlainRestic(at(`${PASSWORD}x`), ['snapshots']);
    expect({ code, stderr }).toMatchObject({ code: 12, stderr: expect.stringContaining('wrong password') });
  });

  test('is whole in the eyes of stock restic', async () => {
    expect(await plainRestic(at(PASSWORD), ['check', '--read-data', '--no-lock'])).toContain(
      'no errors were found',
    );
  });
});

describe('a repository in a directory', () => {
  test('has the real address and tags, and is restored with password or words alone', async () => {
    const [disk, kit] = [system.folder('disk'), join(system.dir, 'kit-disk.txt')];
    const plan = await system.addPlan('On disk & more', [source], ['--location', disk, '--kit-file', kit]);
    await system.done(['backup', plan.name]);
    const repository = String(plan.repository?.address);
    expect(repository).toBe(join(disk, 'olares-backups', `On disk & more-${plan.id}`));
    for (const password of [PASSWORD, recoveryWords(kit)]) {
      const [snapshot] = await plainSnapshots({ repository, password });
      expect(snapshot?.tags).toContain(`repo-id=${plan.id}`);
      expect(snapshot?.tags?.filter((tag) => tag.startsWith('repo-suffix'))).toEqual([]);
      const target = system.folder(`from disk ${password.length}`);
      await plainRestic({ repository, password }, ['restore', 'latest', '--target', target]);
      expect((await compareTrees(source, join(target, source))).differences).toEqual([]);
    }
  });
});

/** As docs/restore-without-us.md says: a new pairing code in, temporary keys out. */
async function temporaryKeys({ space }: TestSystem): Promise<Record<string, string>> {
  const { code } = space.createPairingCode('alice@olares.com');
  const pair = {
    code,
    devicePublicKey: randomBytes(32).toString('base64'),
    machine: 'restore',
    agentVersion: 'none',
  };
  const paired = await post(`${space.url}/v1/agent/pair`, JSON.stringify(pair), 'application/json');
  const form = new URLSearchParams({
    userid: String(paired['userid']),
    token: String(paired['token']),
    clusterId: base64(String(paired['clusterId'])),
    cloudName: 'aws',
    region: '',
    durationSeconds: '43200',
    backupPrefix: '',
  });
  const keys = await post(
    `${space.url}/v1/resource/stsToken/backup`,
    form.toString(),
    'application/x-www-form-urlencoded',
  );
  return {
    AWS_ACCESS_KEY_ID: String(keys['ak']),
    AWS_SECRET_ACCESS_KEY: String(keys['sk']),
    AWS_SESSION_TOKEN: String(keys['st']),
  };
}

async function post(url: string, body: string, type: string): Promise<Record<string, unknown>> {
  const answer = await fetch(url, { method: 'POST', body, headers: { 'content-type': type } });
  const envelope = (await answer.json()) as { code: number; message: string; data: Record<string, unknown> };
  if (envelope.code !== 200) throw new Error(`${url}: ${envelope.code} ${envelope.message}`);
  return envelope.data;
}

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

/** As the real Olares splits them: values in base64 may end with `=`. */
function cutAtFirst(tag: string): [string, string] {
  const at = tag.indexOf('=');
  return [tag.slice(0, at), tag.slice(at + 1)];
}
