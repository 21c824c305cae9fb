import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import {
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import Database from 'better-sqlite3';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TemporaryCredentials } from './storage.ts';
import { ACCOUNT, BUCKET, PREFIX, s3Client, startStorage } from './testing/storage-fixture.ts';

let dir: string;
beforeEach(async () => void (dir = await mkdtemp(path.join(tmpdir(), 'space-recovery-'))));
afterEach(() => rm(dir, { recursive: true, force: true }));

const at = (name: string) => ({ Bucket: BUCKET, Key: `${PREFIX}/${name}` });

async function blobFiles(): Promise<string[]> {
  const entries = await readdir(path.join(dir, 'storage', 'blobs'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}

describe('after SIGKILL in the middle of writing', () => {
  let child: ChildProcess | undefined;
  afterEach(() => void child?.kill('SIGKILL'));

  async function startChild(): Promise<{
    child: ChildProcess;
    port: number;
    credentials: TemporaryCredentials;
  }> {
    const outfile = path.join(dir, 'child.mjs');
    await build({
      entryPoints: [path.join(import.meta.dirname, 'testing/storage-child.ts')],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      logLevel: 'error',
    });
    // Bare imports are looked up from the file, so it has to see the project's packages.
    await symlink(path.resolve(import.meta.dirname, '../../node_modules'), path.join(dir, 'node_modules'));
    child = spawn(process.execPath, [outfile, path.join(dir, 'storage')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(
      createInterface({ input: child.stdout as NodeJS.ReadableStream }),
      'line',
    )) as [string];
    return { child, ...(JSON.parse(line) as { port: number; credentials: TemporaryCredentials }) };
  }

  it('every answered write is there, none is partial, and usage is exact', async () => {
    const running = await startChild();
    const s3 = s3Client(running.port, running.credentials);
    const bodies = new Map<string, Buffer>();
    const answered = new Set<string>();
    const writing = Array.from({ length: 4 }, async (_, writer) => {
      for (let number = 0; number < 500; number++) {
        const name = `data/${writer}-${number}`;
        bodies.set(name, randomBytes(20_000 + number));
        await s3.send(new PutObjectCommand({ ...at(name), Body: bodies.get(name) ?? '' }));
        answered.add(name);
        if (answered.size === 60) running.child.kill('SIGKILL');
      }
    });
    expect((await Promise.allSettled(writing)).every((result) => result.status === 'rejected')).toBe(true);

    await using fixture = await startStorage({ dir: path.join(dir, 'storage') });
    // The credentials from before the crash still work.
    const after = s3Client(fixture.port, running.credentials);
    const sizes = new Map<string, number>();
    const wrong: string[] = [];
    for (const [name, body] of bodies) {
      const got = await after.send(new GetObjectCommand(at(name))).catch((error: Error) => error.name);
      if (typeof got !== 'string') {
        sizes.set(name, body.length);
        if (!body.equals((await got.Body?.transformToByteArray()) ?? Buffer.alloc(0)))
          wrong.push(`${name} differs`);
      } else if (got !== 'NoSuchKey' || answered.has(name)) wrong.push(`${name}: ${got}`);
    }
    expect(wrong).toEqual([]);
    const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    expect(fixture.storage.accountUsage(ACCOUNT)).toEqual({ bytes, objects: sizes.size });
    expect(await blobFiles()).toHaveLength(sizes.size);
  });
});

describe('at start', () => {
  const storageDir = () => path.join(dir, 'storage');

  async function fill(): Promise<void> {
    await using fixture = await startStorage({ dir: storageDir() });
    const s3 = fixture.client({ purpose: 'prune' });
    await s3.send(
      new PutObjectCommand({
        ...at('kept'),
        Body: 'kept',
        Metadata: { note: 'plain text' },
        ContentType: 'text/plain',
      }),
    );
    await s3.send(new PutObjectCommand({ ...at('replaced'), Body: 'old' }));
    fixture.clock.offsetMs = 1_000;
    await s3.send(new PutObjectCommand({ ...at('replaced'), Body: 'new content' }));
  }

  async function expectAll(): Promise<void> {
    await using fixture = await startStorage({ dir: storageDir() });
    const s3 = fixture.client();
    const kept = await s3.send(new GetObjectCommand(at('kept')));
    expect(await kept.Body?.transformToString()).toBe('kept');
    expect(kept).toMatchObject({ ContentType: 'text/plain', Metadata: { note: 'plain text' } });
    const replaced = await s3.send(new GetObjectCommand(at('replaced')));
    expect(await replaced.Body?.transformToString()).toBe('new content');
    expect(fixture.storage.accountUsage(ACCOUNT)).toEqual({ bytes: 15, objects: 2 });
  }

  it('files that no object owns are removed', async () => {
    await fill();
    const [known = ''] = await blobFiles();
    await writeFile(
      path.join(path.dirname(known), `${path.basename(known).slice(0, 2)}${'0'.repeat(30)}`),
      'half written',
    );
    await expectAll();
    expect(await blobFiles()).toHaveLength(2);
  });

  it.each(['missing', 'garbage', 'cut'])(
    'an index that is %s is made anew from the objects',
    async (damage) => {
      await fill();
      const index = path.join(storageDir(), 'index.db');
      if (damage === 'missing') await rm(index);
      if (damage === 'garbage') await writeFile(index, randomBytes(20_000));
      if (damage === 'cut') await truncate(index, (await stat(index)).size - 4_096);
      await expectAll();
      const left = await readdir(storageDir());
      expect(left.some((name) => name.startsWith('index.db.damaged-'))).toBe(damage !== 'missing');
    },
  );

  it('an index of a newer Space or a damaged secret is refused, not overwritten', async () => {
    await fill();
    const secret = path.join(storageDir(), 'credential-secret');
    expect((await stat(secret)).mode & 0o777).toBe(0o600);
    const good = await readFile(secret);
    await writeFile(secret, 'short');
    await expect(startStorage({ dir: storageDir() })).rejects.toThrow(/credential-secret holds 5 bytes/);
    await writeFile(secret, good);
    const database = new Database(path.join(storageDir(), 'index.db'));
    database.pragma('user_version = 99');
    database.close();
    await expect(startStorage({ dir: storageDir() })).rejects.toThrow(/schema 99/);
  });

  it('an object whose file was cut by a damaged disk ends the connection instead of hanging', async () => {
    await fill();
    for (const file of await blobFiles()) await truncate(file, 2);
    await using fixture = await startStorage({ dir: storageDir() });
    const got = await fixture.client().send(new GetObjectCommand(at('kept')));
    await expect(got.Body?.transformToString()).rejects.toThrow(/aborted/);
  });

  it('a directory that another Space uses is refused', async () => {
    await using fixture = await startStorage({ dir: storageDir() });
    await expect(startStorage({ dir: storageDir() })).rejects.toThrow(/only one Space/);
    expect(fixture.storage.usage(PREFIX)).toEqual({ bytes: 0, objects: 0 });
  });

  it('unfinished uploads of a week ago go also while the Space runs, and an account has only so many', async () => {
    await using fixture = await startStorage({ dir, maxUploads: 2, sweepEveryMs: 5 });
    const begin = (name: string) => fixture.client().send(new CreateMultipartUploadCommand(at(name)));
    await begin('old');
    const { UploadId } = await begin('old');
    await fixture
      .client()
      .send(new UploadPartCommand({ ...at('old'), UploadId, PartNumber: 1, Body: 'part' }));
    expect(fixture.storage.accountUsage(ACCOUNT).bytes).toBe(4);
    await expect(begin('third')).rejects.toMatchObject({ name: 'AccessDenied' });
    fixture.clock.offsetMs = 8 * 24 * 3_600_000;
    await expect.poll(() => fixture.storage.accountUsage(ACCOUNT).bytes).toBe(0);
    fixture.clock.offsetMs = 0;
    await begin('third');
    expect(fixture.errors).toEqual([]);
  });

  it('unfinished uploads of a week ago are gone with their parts', async () => {
    await mkdir(storageDir(), { recursive: true });
    {
      await using fixture = await startStorage({ dir: storageDir() });
      const s3 = fixture.client();
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand(at('never')));
      await s3.send(new UploadPartCommand({ ...at('never'), UploadId, PartNumber: 1, Body: 'part' }));
      await fixture.restart();
      expect(fixture.storage.accountUsage(ACCOUNT)).toEqual({ bytes: 4, objects: 0 });
    }
    const later = new Date().getTime() + 8 * 24 * 3_600_000;
    await using fixture = await startStorage({ dir: storageDir(), clock: () => later });
    expect(fixture.storage.accountUsage(ACCOUNT)).toEqual({ bytes: 0, objects: 0 });
    expect(await blobFiles()).toEqual([]);
  });
});
