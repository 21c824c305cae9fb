import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CredentialGrant, TemporaryCredentials } from '../storage.ts';
import { CLUSTER_BUCKET, CLUSTER_REGION, TestCluster } from '../testing/cluster-fixture.ts';
import { ClusterClient, type ListPage } from './client.ts';
import { ClusterStorage } from './cluster-storage.ts';
import type { ClusterOptions } from './settings.ts';

const ACCOUNT = 'a0000000-0000-4000-8000-000000000001';
const PREFIX = 'did:key:z6MkTest-ab12cd34';
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let cluster: TestCluster;
let dir: string;
let storage: ClusterStorage;
let offsetMs: number;
let quotaBytes: number;
let prefixes: string[];
let errors: Error[];

const open = (change: ClusterOptions = {}) =>
  new ClusterStorage({
    dir,
    settings: cluster.settings(change),
    clock: () => Date.now() + offsetMs,
    quotaBytes: () => quotaBytes,
    prefixesOf: () => prefixes,
    onError: (error) => errors.push(error as Error),
  });
const issue = (change: Partial<CredentialGrant> = {}) =>
  storage.issue({ accountId: ACCOUNT, prefix: PREFIX, purpose: 'backup', ttlSeconds: 3_600, ...change });
const put = async (credentials: TemporaryCredentials, key: string, size: number) => {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const s3 = new S3Client({
    endpoint: cluster.url,
    region: CLUSTER_REGION,
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey, sessionToken },
  });
  await s3.send(
    new PutObjectCommand({ Bucket: CLUSTER_BUCKET, Key: `${PREFIX}/${key}`, Body: Buffer.alloc(size) }),
  );
};
const counted = (bytes: number) =>
  vi.waitUntil(() => storage.accountUsage(ACCOUNT).bytes === bytes, { timeout: 5_000, interval: 10 });

beforeEach(async () => {
  offsetMs = 0;
  quotaBytes = 10_000;
  prefixes = [PREFIX];
  errors = [];
  cluster = await TestCluster.start();
  dir = await mkdtemp(path.join(tmpdir(), 'space-cluster-storage-'));
  storage = open();
});
afterEach(async () => {
  await storage.close();
  await cluster[Symbol.asyncDispose]();
  await rm(dir, { recursive: true });
});

describe('keys of a cluster', () => {
  it('live as long as asked, within what STS and the role allow', async () => {
    const life = async (ttlSeconds: number) => (await issue({ ttlSeconds })).expiresAtMs - Date.now();
    expect(await life(43_200)).toBeCloseTo(3_600_000, -4);
    expect(await life(1_800)).toBeCloseTo(1_800_000, -4);
    expect(await life(1)).toBeCloseTo(900_000, -4);
    await expect(issue({ ttlSeconds: 0 })).rejects.toThrow(RangeError);
    await expect(issue({ prefix: '/' })).rejects.toThrow(RangeError);
    await expect(issue({ prefix: 'a*' })).rejects.toThrow(RangeError);
  });

  it('are renewed over a restart by whoever has all three parts, for 30 days', async () => {
    const one = await issue({ purpose: 'read' });
    const other = await issue();
    await storage.close();
    storage = open();
    const renewed = await storage.refresh(one, 900);
    expect(renewed).toMatchObject({ purpose: 'read', prefix: PREFIX, accountId: ACCOUNT });
    expect(renewed?.accessKeyId).not.toBe(one.accessKeyId);
    expect(await storage.refresh({ ...one, secretAccessKey: other.secretAccessKey }, 900)).toBeUndefined();
    expect(await storage.refresh({ ...one, sessionToken: other.sessionToken }, 900)).toBeUndefined();
    expect(await storage.refresh({ ...one, accessKeyId: 'ASIA0' }, 900)).toBeUndefined();
    expect(storage.identify(one)).toMatchObject({ accountId: ACCOUNT, purpose: 'read' });
    offsetMs = 31 * DAY;
    expect(await storage.refresh(renewed ?? one, 900)).toBeUndefined();
  });

  it('are not given by a cluster that fails or refuses; only the one who runs the Space learns why', async () => {
    cluster.fault = { status: 503, code: 'SlowDown' };
    await expect(issue()).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.not.stringContaining('SlowDown'),
    });
    cluster.fault = { status: 403, code: 'AccessDenied' };
    await expect(issue({ purpose: 'read' })).rejects.toMatchObject({ code: 'unreachable' });
    expect(errors.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/answered 503 SlowDown/),
        expect.stringMatching(/answered 403 AccessDenied: not for \ufffd.+you$/),
      ]),
    );
    cluster.fault = { status: 301, code: 'PermanentRedirect' };
    await expect(storage.probe()).rejects.toMatchObject({ code: 'config_invalid' });
    cluster.fault = { status: 200, code: 'HTML' };
    await expect(issue({ purpose: 'read' })).rejects.toMatchObject({ code: 'unreachable' });
    await chmod(cluster.keysFile, 0o644);
    await expect(issue({ purpose: 'read' })).rejects.toMatchObject({ code: 'unreachable' });
    expect(errors.at(-1)?.message).toContain('can be read by others');
  });

  it('are asked with the keys that are in the file now', async () => {
    await cluster.writeKeys('changed');
    await expect(issue({ purpose: 'read' })).rejects.toMatchObject({ code: 'unreachable' });
    await cluster.writeKeys('secretOfTheOwner');
    expect(await issue({ purpose: 'read' })).toMatchObject({ purpose: 'read' });
  });
});

describe('what is remembered', () => {
  it('is for its owner only, without a key that works', async () => {
    const keys = await issue();
    const file = path.join(dir, 'cluster.db');
    expect((await stat(file)).mode & 0o077).toBe(0);
    await storage.close();
    const text = (await readFile(file)).toString('latin1');
    expect(text).toContain(keys.accessKeyId);
    expect(text).not.toContain(keys.secretAccessKey);
    expect(text).not.toContain(keys.sessionToken.slice(0, 40));
    storage = open();
  });

  it('is left alone when it is of a newer version or no database', async () => {
    await storage.close();
    const file = path.join(dir, 'cluster.db');
    const db = new Database(file);
    db.pragma('user_version = 2');
    db.close();
    expect(() => open()).toThrow(/cluster\.db cannot be used: it was written by a newer/);
    await writeFile(file, 'x'.repeat(5_000));
    expect(() => open()).toThrow(expect.objectContaining({ code: 'config_invalid' }));
    await rm(file);
    storage = open();
  });

  it('does not keep a stop waiting for a cluster that hangs', async () => {
    cluster.isHanging = true;
    const asked = issue().catch((error: unknown) => error);
    storage.accountUsage(ACCOUNT);
    await vi.waitUntil(() => cluster.held > 0, { timeout: 5_000, interval: 10 });
    await storage.close();
    expect(await asked).toBeInstanceOf(Error);
    storage = open();
  });
});

describe('the probe at the start', () => {
  it('passes where all is right, and only tells of a cluster that does not answer', async () => {
    await storage.probe();
    expect(cluster.seen).toEqual(['ListObjectsV2', 'AssumeRole']);
    expect(errors).toEqual([]);
    cluster.fault = { status: 503, code: 'SlowDown' };
    await storage.probe();
    expect(errors).toHaveLength(1);
  });

  it.each([
    ['a bucket that is not there', { 's3-bucket': 'another-bucket' }, /404 NoSuchBucket/],
    [
      'a role that is not ours',
      { 's3-role-arn': 'arn:aws:iam::123456789012:role/other' },
      /403 AccessDenied/,
    ],
    ['another region', { 's3-region': 'mars-1' }, /400 AuthorizationHeaderMalformed/],
    ['a longer life than the role allows', { 's3-session-seconds': '43200' }, /400 ValidationError/],
  ])('refuses %s', async (_name, change, message) => {
    await storage.close();
    storage = open(change);
    await expect(storage.probe()).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(message),
    });
  });
});

describe('usage', () => {
  it('is counted in the background, over all prefixes and pages, and says how old it is', async () => {
    prefixes = [PREFIX, 'did:key:z6MkTest-other'];
    const keys = await issue({ purpose: 'prune' });
    await put(keys, 'one', 100);
    await put(keys, 'two', 50);
    offsetMs = 6 * MINUTE;
    // Of the figures that it adds up the oldest counts.
    const isFresh = () => (storage.accountUsage(ACCOUNT).measuredAtMs ?? 0) > Date.now() + 5 * MINUTE;
    expect(isFresh()).toBe(false);
    await vi.waitUntil(isFresh, { timeout: 5_000, interval: 10 });
    expect(storage.accountUsage(ACCOUNT)).toMatchObject({ bytes: 150, objects: 2 });
    await storage.close();
    storage = open();
    expect(storage.accountUsage(ACCOUNT).bytes).toBe(150);
  });

  it('goes on over pages', async () => {
    const keys = await issue();
    for (const [at, name] of ['a', 'b & c', 'd+é%'].entries()) await put(keys, name, at + 1);
    const client = new ClusterClient({ settings: cluster.settings(), clock: Date.now });
    const pages: ListPage[] = [];
    let from: string | undefined;
    do {
      pages.push(await client.list(`${PREFIX}/`, { from, limit: 1 }));
      from = pages.at(-1)?.next;
    } while (from !== undefined);
    expect(pages.map(({ bytes, objects }) => [bytes, objects])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
    ]);
  });

  it('asks the cluster no more often than the age of a figure allows, and keeps it when the cluster is away', async () => {
    await issue();
    const listings = () => cluster.seen.filter((name) => name === 'ListObjectsV2').length;
    for (let asked = 0; asked < 100; asked += 1) storage.accountUsage(ACCOUNT);
    await issue();
    expect(listings()).toBe(1);
    cluster.fault = { status: 500, code: 'InternalError' };
    offsetMs = 6 * MINUTE;
    storage.accountUsage(ACCOUNT);
    await vi.waitUntil(() => errors.length === 1, { timeout: 5_000, interval: 10 });
    for (let asked = 0; asked < 100; asked += 1) storage.accountUsage(ACCOUNT);
    cluster.fault = undefined;
    expect(storage.accountUsage(ACCOUNT).bytes).toBe(0);
    expect(errors).toHaveLength(1);
  });

  it('at the quota ends the right to add data, at the next keys and at the next renewal', async () => {
    const before = await issue();
    const packs = (name: string) => `repo/data/a1/${name.repeat(64)}`;
    await put(before, packs('a'), 10_000);
    offsetMs = 6 * MINUTE;
    await counted(10_000);
    const renewed = await storage.refresh(before, 900);
    for (const keys of [await issue(), await issue({ purpose: 'keys' }), renewed ?? before]) {
      await expect(put(keys, packs('b'), 1)).rejects.toMatchObject({ name: 'AccessDenied' });
      await put(keys, `repo/locks/${'c'.repeat(64)}`, 1);
      await put(keys, `repo/snapshots/${'c'.repeat(64)}`, 1);
    }
    quotaBytes = 20_000;
    await put(await issue(), packs('b'), 1);
  });

  it('is known before the first keys are given: a restart or a lost count opens nothing', async () => {
    await put(await issue(), `repo/data/a1/${'a'.repeat(64)}`, 10_000);
    await storage.close();
    await rm(dir, { recursive: true });
    storage = open();
    await expect(put(await issue(), 'repo/data/x', 1)).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});
