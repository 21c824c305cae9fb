import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CredentialPurpose } from '../storage.ts';
import { CLUSTER_BUCKET, CLUSTER_REGION, TestCluster } from '../testing/cluster-fixture.ts';
import { resticBinary, ResticRunner } from '../testing/restic.ts';
import { ClusterStorage } from './cluster-storage.ts';

const PREFIX = 'did:key:z6MkTest-ab12cd34';
const OTHER = 'did:key:z6MkTest-0ther';

let cluster: TestCluster;
let dir: string;
let storage: ClusterStorage;
let restic: ResticRunner;
let quotaBytes = Infinity;
let offsetMs = 0;

beforeAll(async () => {
  cluster = await TestCluster.start();
  dir = await mkdtemp(path.join(tmpdir(), 'space-cluster-restic-'));
  storage = new ClusterStorage({
    dir,
    settings: cluster.settings(),
    clock: () => Date.now() + offsetMs,
    quotaBytes: () => quotaBytes,
    prefixesOf: () => [PREFIX],
    onError: (error) => expect(error).toBeUndefined(),
  });
  restic = await ResticRunner.create(resticBinary(process.env));
  await writeFile(path.join(restic.source, 'noise'), randomBytes(3_000_000));
});
afterAll(async () => {
  await restic[Symbol.asyncDispose]();
  await storage.close();
  await cluster[Symbol.asyncDispose]();
  await rm(dir, { recursive: true });
});

const run = async (purpose: CredentialPurpose, args: string[], { prefix = PREFIX, of = PREFIX } = {}) =>
  restic.run(
    `${cluster.url}/${CLUSTER_BUCKET}/${prefix}/olares-backups/my%20plan-1`,
    await storage.issue({ accountId: 'a', prefix: of, purpose, ttlSeconds: 900 }),
    ['-o', `s3.region=${CLUSTER_REGION}`, ...args],
  );

async function succeed(purpose: CredentialPurpose, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await run(purpose, args);
  expect(exitCode, `restic ${args.join(' ')}\n${stdout}${stderr}`).toBe(0);
  return stdout;
}

describe('real restic with the keys of a cluster', () => {
  it('makes a repository, backs up and restores', async () => {
    await succeed('backup', 'init');
    await succeed('backup', 'backup', '.');
    await succeed('read', 'check', '--read-data', '--no-lock');
    const target = path.join(restic.home, 'target');
    await succeed('backup', 'restore', 'latest', '--target', target);
    const [wanted, got] = await Promise.all(
      [restic.source, target].map((at) => readFile(path.join(at, 'noise'))),
    );
    expect(wanted?.equals(got ?? Buffer.alloc(0))).toBe(true);
  });

  it('is refused at another prefix, in seconds', async () => {
    const { exitCode, stderr } = await run('backup', ['init'], { prefix: OTHER });
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(/Access ?Denied|not for/i);
    const reading = await run('backup', ['snapshots', '--no-lock'], { of: OTHER });
    expect(reading.exitCode).not.toBe(0);
  });

  it('repairs its index but cannot forget; prune keys can', async () => {
    await succeed('backup', 'repair', 'index');
    await writeFile(path.join(restic.source, 'more'), 'a second snapshot');
    await succeed('backup', 'backup', '.');
    expect((await run('backup', ['forget', '--keep-last', '1', '--group-by', ''])).exitCode).toBe(3);
    expect(JSON.parse(await succeed('read', 'snapshots', '--json', '--no-lock'))).toHaveLength(2);
    await succeed('prune', 'forget', '--keep-last', '1', '--group-by', '', '--prune');
    expect(JSON.parse(await succeed('read', 'snapshots', '--json', '--no-lock'))).toHaveLength(1);
  });

  it('ends a key of the repository only with keys for that', async () => {
    const password = path.join(restic.home, 'next-password');
    await writeFile(password, 'another');
    await succeed('keys', 'key', 'add', '--new-password-file', password);
    const ids = (JSON.parse(await succeed('read', 'key', 'list', '--json', '--no-lock')) as KeyLine[])
      .filter(({ current }) => !current)
      .map(({ id }) => id);
    expect(ids).toHaveLength(1);
    expect((await run('backup', ['key', 'remove', ids[0] ?? ''])).exitCode).not.toBe(0);
    await succeed('keys', 'key', 'remove', ids[0] ?? '');
    expect(JSON.parse(await succeed('read', 'key', 'list', '--json', '--no-lock'))).toHaveLength(1);
  });

  it('at the quota ends in seconds without new data, and still writes a snapshot of what is there', async () => {
    quotaBytes = 1;
    offsetMs = 6 * 60_000;
    await succeed('backup', 'backup', '.');
    await writeFile(path.join(restic.source, 'too-much'), randomBytes(5_000_000));
    const started = performance.now();
    const { exitCode, stderr } = await run('backup', ['backup', '.']);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/Access ?Denied|not for/i);
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});

interface KeyLine {
  readonly current: boolean;
  readonly id: string;
}
