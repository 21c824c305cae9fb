import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Plan, Snapshot } from '../../contract/index.ts';
import { stockEnvironment } from '../harness/stock-restic.ts';
import { TestSystem } from '../harness/system.ts';

let system: TestSystem;
let photos: Plan;
let docs: Plan;
let storage: S3Client;
let source: string;

beforeAll(async () => {
  system = await TestSystem.paired();
  source = system.folder('source');
  writeFileSync(join(source, 'file'), 'one');
  photos = await system.addPlan('photos', [source]);
  docs = await system.addPlan('docs', [source]);
  await system.done(['backup', 'photos']);
  await system.done(['backup', 'docs']);
  writeFileSync(join(source, 'file'), 'two');
  await system.done(['backup', 'photos']);
  const env = await stockEnvironment(system, photos, { purpose: 'prune' });
  storage = new S3Client({
    endpoint: system.space.url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: {
      accessKeyId: String(env['AWS_ACCESS_KEY_ID']),
      secretAccessKey: String(env['AWS_SECRET_ACCESS_KEY']),
      sessionToken: String(env['AWS_SESSION_TOKEN']),
    },
  });
});
afterAll(async () => {
  storage?.destroy();
  await system?.[Symbol.asyncDispose]();
});

const bucket = () => system.space.storageIdentity.bucket;

/** Keys of all that a plan's repository holds. */
async function objectsOf(plan: Plan): Promise<string[]> {
  const [, , ...names] = new URL(String(plan.repository?.address).slice('s3:'.length)).pathname.split('/');
  const Prefix = `${names.map(decodeURIComponent).join('/')}/`;
  const { Contents = [] } = await storage.send(new ListObjectsV2Command({ Bucket: bucket(), Prefix }));
  return Contents.map(({ Key }) => String(Key));
}

const remove = async (keys: string[]): Promise<void> => {
  for (const Key of keys) await storage.send(new DeleteObjectCommand({ Bucket: bucket(), Key }));
};

const conditions = async (): Promise<string[]> => {
  const { level, conditions: found } = await system.api.call('getStatus');
  expect(level).toBe('error');
  return found.filter(({ planId }) => planId === photos.id).map(({ code }) => code);
};

describe('a Space that has the storage of its agents in its hands', () => {
  test('hides the newest snapshots: it is told in red, and stays told', async () => {
    const list = ['snapshot', 'list', 'photos'];
    const [newest] = await system.json<Snapshot[]>(list);
    await remove((await objectsOf(photos)).filter((key) => key.endsWith(String(newest?.resticId))));
    await system.api.call('listSnapshots', { query: { plan: 'photos', refresh: true } });
    expect(await conditions()).toContain('snapshots_missing');
    expect((await system.done(['status'])).stdout).toMatch(/error.*disappeared/i);
    await system.done(['backup', 'photos']);
    expect(await conditions()).toContain('snapshots_missing');
    const [, second] = await system.json<Snapshot[]>(list);
    expect(second).toMatchObject({ id: newest?.id, state: 'missing' });
  });

  test('gives another repository of the same user: nothing is written to it', async () => {
    const [ours, theirs] = await Promise.all([objectsOf(photos), objectsOf(docs)]);
    await remove(ours);
    for (const key of theirs) {
      const { Body } = await storage.send(new GetObjectCommand({ Bucket: bucket(), Key: key }));
      const content = await Body?.transformToByteArray();
      const moved = key.replace(`docs-${docs.id}`, `photos-${photos.id}`);
      await storage.send(new PutObjectCommand({ Bucket: bucket(), Key: moved, Body: content ?? '' }));
    }
    const before = await objectsOf(photos);
    expect(before).toHaveLength(theirs.length);
    const refused = await system.cli(['backup', 'photos']);
    expect([refused.code, refused.stderr]).toEqual([
      19,
      expect.stringMatching(/not the repository of this plan/),
    ]);
    const restore = ['restore', 'latest', '--plan', 'photos', '--target', join(system.dir, 'restored')];
    const password = ['--password-file', system.passwordFile, '--yes'];
    expect((await system.cli([...restore, ...password])).code).toBe(19);
    expect(await objectsOf(photos)).toEqual(before);
  });

  test('gives an empty bucket: no repository is made anew, and nobody is told that all is well', async () => {
    await remove(await objectsOf(photos));
    const refused = await system.cli(['backup', 'photos']);
    expect([refused.code, refused.stderr]).toEqual([10, expect.stringMatching(/gone/)]);
    expect(await conditions()).toContain('repository_vanished');
    expect(await objectsOf(photos)).toEqual([]);
    await system.done(['backup', 'docs']);
    expect(await conditions()).toContain('repository_vanished');
  });
});
