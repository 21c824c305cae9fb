import { createHash, randomBytes } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  type ChecksumAlgorithm,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeSegment } from './s3/request.ts';
import {
  BUCKET,
  PREFIX,
  REGION,
  sendRaw,
  startStorage,
  type StorageFixture,
} from './testing/storage-fixture.ts';

let fixture: StorageFixture;
let s3: S3Client;
const at = (name: string) => ({ Bucket: BUCKET, Key: `${PREFIX}/${name}` });

beforeAll(async () => {
  fixture = await startStorage();
  s3 = fixture.client({ purpose: 'prune' });
});
afterAll(async () => {
  expect(fixture.errors).toEqual([]);
  await fixture[Symbol.asyncDispose]();
});

async function content(name: string, Range?: string): Promise<Buffer> {
  const answer = await s3.send(new GetObjectCommand({ ...at(name), ...(Range && { Range }) }));
  return Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
}

describe('buckets', () => {
  it('shows the one bucket, its region, and takes making it again as done', async () => {
    expect((await s3.send(new ListBucketsCommand({}))).Buckets?.map((bucket) => bucket.Name)).toEqual([
      BUCKET,
    ]);
    expect((await s3.send(new HeadBucketCommand({ Bucket: BUCKET }))).BucketRegion).toBe(REGION);
    expect((await s3.send(new GetBucketLocationCommand({ Bucket: BUCKET }))).LocationConstraint).toBe(REGION);
    await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  });

  it('knows no other bucket', async () => {
    const put = s3.send(new PutObjectCommand({ Bucket: 'another', Key: `${PREFIX}/x`, Body: 'x' }));
    await expect(put).rejects.toMatchObject({ name: 'NoSuchBucket' });
  });
});

describe('objects', () => {
  it('come back with content, type, metadata and the ETag that AWS would give', async () => {
    const body = randomBytes(300_000);
    const put = await s3.send(
      new PutObjectCommand({
        ...at('plain'),
        Body: body,
        ContentType: 'text/x-test',
        Metadata: { colour: 'blau' },
      }),
    );
    const got = await s3.send(new GetObjectCommand(at('plain')));
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(body)).toBe(true);
    expect(got).toMatchObject({
      ContentType: 'text/x-test',
      Metadata: { colour: 'blau' },
      ContentLength: 300_000,
    });
    expect(put.ETag).toBe(`"${createHash('md5').update(body).digest('hex')}"`);
    expect((await s3.send(new HeadObjectCommand(at('plain')))).ETag).toBe(put.ETag);
  });

  it.each(['', 'a', 'x'.repeat(70_000)])('may be of any size, empty too', async (body) => {
    await s3.send(new PutObjectCommand({ ...at('sized'), Body: body }));
    expect((await content('sized')).toString()).toBe(body);
  });

  it('are read by range: middle, open end, last bytes; refused beyond the end', async () => {
    await s3.send(new PutObjectCommand({ ...at('ranged'), Body: '0123456789' }));
    expect((await content('ranged', 'bytes=2-4')).toString()).toBe('234');
    expect((await content('ranged', 'bytes=7-')).toString()).toBe('789');
    expect((await content('ranged', 'bytes=8-99')).toString()).toBe('89');
    expect((await content('ranged', 'bytes=-3')).toString()).toBe('789');
    await expect(content('ranged', 'bytes=10-')).rejects.toMatchObject({ name: 'InvalidRange' });
    const part = await s3.send(new GetObjectCommand({ ...at('ranged'), Range: 'bytes=0-0' }));
    expect(part.ContentRange).toBe('bytes 0-0/10');
  });

  it('that are missing answer NoSuchKey, and deleting them succeeds', async () => {
    await expect(content('nowhere')).rejects.toMatchObject({ name: 'NoSuchKey' });
    await expect(s3.send(new HeadObjectCommand(at('nowhere')))).rejects.toMatchObject({ name: 'NotFound' });
    await s3.send(new DeleteObjectCommand(at('nowhere')));
  });

  it.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as ChecksumAlgorithm[])(
    'sent with a %s are proved and give the checksum back',
    async (algorithm) => {
      // Node's stream body makes the SDK send the checksum in the trailer.
      const put = await s3.send(
        new PutObjectCommand({ ...at('summed'), Body: 'the quick brown fox', ChecksumAlgorithm: algorithm }),
      );
      const got = await s3.send(new GetObjectCommand({ ...at('summed'), ChecksumMode: 'ENABLED' }));
      const field = `Checksum${algorithm}` as 'ChecksumCRC32';
      expect(put[field]).toBeTruthy();
      expect(got[field]).toBe(put[field]);
      expect(await got.Body?.transformToString()).toBe('the quick brown fox');
    },
  );

  it('with a wrong checksum or MD5 are refused and not stored', async () => {
    const wrong = createHash('md5').update('other').digest('base64');
    const put = s3.send(new PutObjectCommand({ ...at('bad'), Body: 'data', ContentMD5: wrong }));
    await expect(put).rejects.toMatchObject({ name: 'BadDigest' });
    const sum = s3.send(new PutObjectCommand({ ...at('bad'), Body: 'data', ChecksumCRC32: 'AAAAAA==' }));
    await expect(sum).rejects.toMatchObject({ name: 'BadDigest' });
    await expect(content('bad')).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  it('are not overwritten when the client asks for that', async () => {
    await s3.send(new PutObjectCommand({ ...at('once'), Body: '1', IfNoneMatch: '*' }));
    const again = s3.send(new PutObjectCommand({ ...at('once'), Body: '2', IfNoneMatch: '*' }));
    await expect(again).rejects.toMatchObject({ name: 'PreconditionFailed' });
    expect((await content('once')).toString()).toBe('1');
  });

  it('are copied, with their metadata or new ones', async () => {
    await s3.send(new PutObjectCommand({ ...at('source ü+1'), Body: 'copy me', Metadata: { a: '1' } }));
    const CopySource = `${BUCKET}/${encodeURIComponent(`${PREFIX}/source ü+1`)}`;
    await s3.send(new CopyObjectCommand({ ...at('copied'), CopySource }));
    expect((await s3.send(new HeadObjectCommand(at('copied')))).Metadata).toEqual({ a: '1' });
    await s3.send(
      new CopyObjectCommand({
        ...at('copied'),
        CopySource,
        MetadataDirective: 'REPLACE',
        Metadata: { b: '2' },
      }),
    );
    expect((await s3.send(new HeadObjectCommand(at('copied')))).Metadata).toEqual({ b: '2' });
    expect((await content('copied')).toString()).toBe('copy me');
  });

  it('are deleted in one go, and unknown ones with them', async () => {
    for (const name of ['m1', 'm & <2>']) await s3.send(new PutObjectCommand({ ...at(name), Body: name }));
    const Objects = ['m1', 'm & <2>', 'm3'].map((name) => ({ Key: at(name).Key }));
    const answer = await s3.send(new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects } }));
    expect(answer.Deleted?.map((one) => one.Key)).toEqual(Objects.map((one) => one.Key));
    await expect(content('m1')).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  const KEYS = [
    'a',
    'a/b',
    'a/',
    'dir//double',
    '../../../etc/passwd',
    './.',
    'trailing/',
    'snow ☃ 日本語 🎉',
    'plus+percent%25&=?#',
    'quote\'"(*)!~',
    'tab\tline',
    'x'.repeat(1_024 - PREFIX.length - 1),
  ];
  it('may have any key: none collides, escapes or is changed', async () => {
    for (const key of KEYS) {
      const request = {
        method: 'PUT',
        path: `/${BUCKET}/${escapePath(`${PREFIX}/${key}`)}`,
        body: `of ${key}`,
      };
      expect((await sendRaw(fixture, await fixture.credentials(), request)).status, key).toBe(200);
    }
    for (const key of KEYS) {
      const request = { method: 'GET', path: `/${BUCKET}/${escapePath(`${PREFIX}/${key}`)}` };
      expect((await sendRaw(fixture, await fixture.credentials(), request)).text, key).toBe(`of ${key}`);
    }
  });
});

function escapePath(key: string): string {
  return key.split('/').map(encodeSegment).join('/');
}

describe('multipart uploads', () => {
  const big = randomBytes(5 * 1024 * 1024);

  async function start(name: string): Promise<string> {
    return (await s3.send(new CreateMultipartUploadCommand(at(name)))).UploadId ?? '';
  }

  async function part(name: string, UploadId: string, PartNumber: number, Body: Buffer) {
    const { ETag } = await s3.send(new UploadPartCommand({ ...at(name), UploadId, PartNumber, Body }));
    return { PartNumber, ETag };
  }

  it('become one object with the ETag of AWS, and completing twice is done twice', async () => {
    const UploadId = await start('multi');
    const tail = Buffer.from('the tail');
    const Parts = [await part('multi', UploadId, 1, big), await part('multi', UploadId, 3, tail)];
    await part('multi', UploadId, 2, Buffer.from('never used'));
    expect(
      (await s3.send(new ListPartsCommand({ ...at('multi'), UploadId }))).Parts?.map((one) => one.Size),
    ).toEqual([big.length, 10, 8]);
    const before = fixture.storage.accountUsage('did:key:z6MkTest');
    const complete = new CompleteMultipartUploadCommand({
      ...at('multi'),
      UploadId,
      MultipartUpload: { Parts },
    });
    const done = await s3.send(complete);
    const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest();
    expect(done.ETag).toBe(
      `"${createHash('md5')
        .update(Buffer.concat([md5(big), md5(tail)]))
        .digest('hex')}-2"`,
    );
    expect((await s3.send(complete)).ETag).toBe(done.ETag);
    expect((await content('multi')).equals(Buffer.concat([big, tail]))).toBe(true);
    expect(fixture.storage.accountUsage('did:key:z6MkTest')).toEqual({
      bytes: before.bytes - 10,
      objects: before.objects + 1,
    });
  });

  it('are refused with parts too small, unknown or out of order', async () => {
    const UploadId = await start('wrong');
    const small = [
      await part('wrong', UploadId, 1, Buffer.from('a')),
      await part('wrong', UploadId, 2, Buffer.from('b')),
    ];
    const complete = (Parts: object[]) =>
      s3.send(new CompleteMultipartUploadCommand({ ...at('wrong'), UploadId, MultipartUpload: { Parts } }));
    await expect(complete(small)).rejects.toMatchObject({ name: 'EntityTooSmall' });
    await expect(complete([{ PartNumber: 9, ETag: small[0]?.ETag }])).rejects.toMatchObject({
      name: 'InvalidPart',
    });
    const first = await part('wrong', UploadId, 2, big);
    await expect(complete([first, ...small.slice(0, 1)])).rejects.toMatchObject({ name: 'InvalidPartOrder' });
  });

  it('that are aborted leave nothing', async () => {
    const before = fixture.storage.accountUsage('did:key:z6MkTest');
    const UploadId = await start('aborted');
    await part('aborted', UploadId, 1, Buffer.from('gone'));
    const open = await s3.send(
      new ListMultipartUploadsCommand({ Bucket: BUCKET, Prefix: `${PREFIX}/aborted` }),
    );
    expect(open.Uploads?.map((upload) => upload.UploadId)).toEqual([UploadId]);
    await s3.send(new AbortMultipartUploadCommand({ ...at('aborted'), UploadId }));
    await expect(part('aborted', UploadId, 2, Buffer.from('late'))).rejects.toMatchObject({
      name: 'NoSuchUpload',
    });
    expect(fixture.storage.accountUsage('did:key:z6MkTest')).toEqual(before);
  });
});
