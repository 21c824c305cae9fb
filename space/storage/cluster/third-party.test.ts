import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CredentialPurpose } from '../storage.ts';
import { resticBinary, ResticRunner } from '../testing/restic.ts';
import { ClusterStorage } from './cluster-storage.ts';
import { readClusterSettings } from './settings.ts';

const REGION = 'eu-central-1';
const BUCKET = 'olares-space';
const PREFIX = 'did:key:z6MkTest-ab12cd34';
// Set-up brings it.
const OWN = path.resolve(import.meta.dirname, '../../../.tools/bin/moto_server');
const MOTO = process.env['MOTO_SERVER'] ?? (existsSync(OWN) ? OWN : undefined);
if (MOTO === undefined)
  process.stderr.write('skipped: S3 and STS of another maker; set-up says why moto is not there\n');

/** moto: S3 and STS as others read AWS. It looks at neither signatures nor policies; those have tests of their own. */
describe.skipIf(MOTO === undefined)('a server of another maker', () => {
  let moto: ChildProcess;
  let url: string;
  let dir: string;
  let storage: ClusterStorage;
  let restic: ResticRunner;
  let offsetMs = 0;

  beforeAll(async () => {
    moto = spawn(MOTO ?? '', ['-H', '127.0.0.1', '-p', '0'], { stdio: ['ignore', 'ignore', 'pipe'] });
    url = await new Promise((resolve, reject) => {
      moto.once('exit', (code) => reject(new Error(`moto ended with ${code}`)));
      createInterface({ input: moto.stderr! }).on('line', (line) => {
        const address = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1];
        if (address !== undefined) resolve(address);
      });
    });
    const s3 = new S3Client({
      endpoint: url,
      region: REGION,
      forcePathStyle: true,
      credentials: { accessKeyId: 'owner', secretAccessKey: 'secret' },
    });
    await s3.send(
      new CreateBucketCommand({ Bucket: BUCKET, CreateBucketConfiguration: { LocationConstraint: REGION } }),
    );
    dir = await mkdtemp(path.join(tmpdir(), 'space-moto-'));
    const keys = path.join(dir, 'keys');
    await writeFile(keys, 'aws_access_key_id=owner\naws_secret_access_key=secret\n', { mode: 0o600 });
    storage = new ClusterStorage({
      dir,
      settings: readClusterSettings({
        's3-endpoint': url,
        's3-region': REGION,
        's3-bucket': BUCKET,
        's3-role-arn': 'arn:aws:iam::123456789012:role/olares-space',
        's3-credentials-file': keys,
      }),
      clock: () => Date.now() + offsetMs,
      quotaBytes: () => 10 ** 9,
      prefixesOf: () => [PREFIX],
      onError: (error) => process.stderr.write(`${String(error)}\n`),
    });
    restic = await ResticRunner.create(resticBinary(process.env));
  }, 60_000);
  afterAll(async () => {
    await restic?.[Symbol.asyncDispose]();
    await storage?.close();
    moto?.kill('SIGKILL');
    await (moto?.exitCode === null && once(moto, 'exit'));
    await rm(dir, { recursive: true });
  });

  it('gives keys with which restic backs up and restores, and its listing is the usage', async () => {
    await storage.probe();
    const run = async (purpose: CredentialPurpose, ...args: string[]) => {
      const keys = await storage.issue({ accountId: 'a', prefix: PREFIX, purpose, ttlSeconds: 900 });
      const life = keys.expiresAtMs - Date.now() - offsetMs;
      expect(keys.accessKeyId).toMatch(/^ASIA/);
      expect(Math.abs(life + offsetMs - 900_000)).toBeLessThan(60_000);
      const address = `${url}/${BUCKET}/${PREFIX}/olares-backups/plan-1`;
      const outcome = await restic.run(address, keys, ['-o', `s3.region=${REGION}`, ...args]);
      expect(outcome.exitCode, outcome.stderr).toBe(0);
    };
    await writeFile(path.join(restic.source, 'noise'), randomBytes(1_000_000));
    await run('backup', 'init');
    await run('backup', 'backup', '.');
    const target = path.join(restic.home, 'target');
    await run('read', 'restore', 'latest', '--target', target, '--no-lock');
    const [wanted, got] = await Promise.all(
      [restic.source, target].map((at) => readFile(path.join(at, 'noise'))),
    );
    expect(wanted?.equals(got ?? Buffer.alloc(0))).toBe(true);
    offsetMs = 6 * 60_000;
    await vi.waitUntil(() => storage.accountUsage('a').bytes > 1_000_000, { timeout: 5_000, interval: 20 });
    expect(storage.accountUsage('a')).toMatchObject({ objects: 6 });
  });
});
