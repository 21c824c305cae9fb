import { randomBytes } from 'node:crypto';
import {
  DeleteObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
  CreateMultipartUploadCommand,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ACCOUNT,
  BUCKET,
  PREFIX,
  sendRaw,
  startStorage,
  type StorageFixture,
} from './testing/storage-fixture.ts';

const QUOTA = 1_000_000;
let fixture: StorageFixture;
const put = (name: string, size: number) =>
  new PutObjectCommand({ Bucket: BUCKET, Key: `${PREFIX}/repo/${name}`, Body: randomBytes(size) });
const exceeded = { name: 'AccessDenied', message: expect.stringContaining('quota exceeded') as string };

beforeEach(
  async () =>
    void (fixture = await startStorage({ quotaBytes: (account) => (account === ACCOUNT ? QUOTA : 0) })),
);
afterEach(() => fixture[Symbol.asyncDispose]());

describe('the quota', () => {
  it('can be filled to the last byte, by all prefixes of the account together', async () => {
    await fixture.client().send(put('data/a', QUOTA - 10));
    const other = fixture.client({ prefix: 'second-machine' });
    const beyond = new PutObjectCommand({
      Bucket: BUCKET,
      Key: 'second-machine/data/b',
      Body: 'eleven byte',
    });
    await expect(other.send(beyond)).rejects.toMatchObject(exceeded);
    await other.send(
      new PutObjectCommand({ Bucket: BUCKET, Key: 'second-machine/data/b', Body: 'ten bytes.' }),
    );
    expect(fixture.storage.accountUsage(ACCOUNT)).toEqual({ bytes: QUOTA, objects: 2 });
    expect(fixture.storage.usage('second-machine')).toEqual({ bytes: 10, objects: 1 });
  });

  it('refuses data but not the books of a repository, and deleting makes room', async () => {
    const s3 = fixture.client({ purpose: 'prune' });
    await s3.send(put('data/full', QUOTA));
    await expect(s3.send(put('data/more', 1))).rejects.toMatchObject(exceeded);
    for (const name of ['locks/l', 'index/i', 'snapshots/s', 'keys/k', 'config'])
      await s3.send(put(name, 2_000));
    await s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: `${PREFIX}/repo/data/full` }));
    await s3.send(put('data/more', QUOTA - 10_000));
  });

  it('gives the books bounded room only, so that data cannot hide there', async () => {
    const target = `/${BUCKET}/${encodeURIComponent(PREFIX)}/index/huge`;
    const headers = { 'x-amz-decoded-content-length': String(70 * 1024 ** 2) };
    const request = { method: 'PUT', path: target, payload: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', headers };
    const answer = await sendRaw(fixture, await fixture.credentials(), request);
    expect(answer.code).toBe('AccessDenied');
    expect(answer.text).toContain('quota exceeded');
  });

  it('cannot be passed by writing in parallel', async () => {
    const s3 = fixture.client();
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, (_, at) => s3.send(put(`data/${at}`, 300_000))),
    );
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(3);
    expect(fixture.storage.accountUsage(ACCOUNT).bytes).toBe(900_000);
    // What was claimed by the refused ones is free again.
    await s3.send(put('data/last', 100_000));
  });

  it('counts parts, and takes the same pack again although nothing is left', async () => {
    const s3 = fixture.client();
    const at = { Bucket: BUCKET, Key: `${PREFIX}/repo/data/multi` };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(at));
    await s3.send(new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: randomBytes(900_000) }));
    await expect(s3.send(put('data/x', 100_001))).rejects.toMatchObject(exceeded);
    const pack = put('data/x', 100_000);
    await s3.send(pack);
    await s3.send(pack);
    await expect(
      s3.send(new UploadPartCommand({ ...at, UploadId, PartNumber: 2, Body: 'x' })),
    ).rejects.toMatchObject(exceeded);
  });

  it('is nothing for an account that Space does not know', async () => {
    const stranger = fixture.client({ accountId: 'did:key:z6MkStranger' });
    await expect(stranger.send(put('data/a', 1))).rejects.toMatchObject(exceeded);
  });
});
