import {
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type ListObjectsV2CommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { afterKeysBelow } from './disk/key-range.ts';
import { BUCKET, PREFIX, startStorage, type StorageFixture } from './testing/storage-fixture.ts';

/** In the order of S3: by bytes, so the emoji (beyond U+FFFF) comes after U+FF21, which UTF-16 would put last. */
const NAMES = [
  'A',
  'a',
  'a-b',
  'a/1',
  'a/2',
  'a/x/3',
  'a0',
  'b/only',
  'c d',
  'c&<d>',
  'c+d',
  'z',
  'é',
  '\uFF21',
  '🎉',
].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));

let fixture: StorageFixture;
let s3: S3Client;

beforeAll(async () => {
  fixture = await startStorage();
  s3 = fixture.client();
  for (const name of NAMES)
    await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: `${PREFIX}/${name}`, Body: name }));
  const neighbour = fixture.client({ prefix: `${PREFIX}-neighbour` });
  await neighbour.send(
    new PutObjectCommand({ Bucket: BUCKET, Key: `${PREFIX}-neighbour/secret`, Body: 's' }),
  );
});
afterAll(() => fixture[Symbol.asyncDispose]());

const strip = (text: string | undefined) => (text ?? '').slice(PREFIX.length + 1);

/** All pages of a listing, as names and folders in the order they came. */
async function listAll(
  input: Partial<ListObjectsV2CommandInput>,
): Promise<{ keys: string[]; folders: string[]; pages: number }> {
  const found = { keys: [] as string[], folders: [] as string[], pages: 0 };
  let ContinuationToken: string | undefined;
  do {
    const page = await s3.send(
      new ListObjectsV2Command({
        Bucket: BUCKET,
        Prefix: `${PREFIX}/`,
        ...input,
        ...(ContinuationToken && { ContinuationToken }),
      }),
    );
    expect(page.KeyCount).toBe((page.Contents?.length ?? 0) + (page.CommonPrefixes?.length ?? 0));
    found.keys.push(...(page.Contents ?? []).map((object) => strip(object.Key)));
    found.folders.push(...(page.CommonPrefixes ?? []).map((folder) => strip(folder.Prefix)));
    found.pages++;
    ContinuationToken = page.NextContinuationToken;
    expect(page.IsTruncated).toBe(ContinuationToken !== undefined);
  } while (ContinuationToken !== undefined);
  return found;
}

describe('listing', () => {
  it('gives every key once, in the order of bytes', async () => {
    expect(await listAll({})).toEqual({ keys: NAMES, folders: [], pages: 1 });
  });

  it.each([1, 2, 3, 7])('pages by %i without a gap or a double, with folders too', async (MaxKeys) => {
    expect((await listAll({ MaxKeys })).keys).toEqual(NAMES);
    const byFolder = await listAll({ MaxKeys, Delimiter: '/' });
    expect(byFolder.keys).toEqual(NAMES.filter((name) => !name.includes('/')));
    expect(byFolder.folders).toEqual(['a/', 'b/']);
  });

  it('rolls up only below the prefix asked for', async () => {
    const below = await listAll({ Prefix: `${PREFIX}/a/`, Delimiter: '/' });
    expect(below).toEqual({ keys: ['a/1', 'a/2'], folders: ['a/x/'], pages: 1 });
  });

  it('starts behind a key, also one that is not there', async () => {
    expect((await listAll({ StartAfter: `${PREFIX}/a/2` })).keys).toEqual(
      NAMES.slice(NAMES.indexOf('a/2') + 1),
    );
    expect((await listAll({ StartAfter: `${PREFIX}/a/15` })).keys[0]).toBe('a/2');
    expect((await listAll({ StartAfter: '' })).keys).toEqual(NAMES);
  });

  it('escapes keys when asked, since XML cannot hold all of them', async () => {
    const page = await s3.send(
      new ListObjectsV2Command({ Bucket: BUCKET, Prefix: `${PREFIX}/c`, EncodingType: 'url' }),
    );
    expect(page.Contents?.map((object) => strip(decodeURIComponent(object.Key ?? '')))).toEqual([
      'c d',
      'c&<d>',
      'c+d',
    ]);
    expect(page.Contents?.[0]?.Key).toContain('c%20d');
  });

  it('of the first version pages by marker', async () => {
    const names: string[] = [];
    let Marker: string | undefined;
    do {
      const page = await s3.send(
        new ListObjectsCommand({
          Bucket: BUCKET,
          Prefix: `${PREFIX}/`,
          Delimiter: '/',
          MaxKeys: 2,
          ...(Marker && { Marker }),
        }),
      );
      names.push(
        ...(page.Contents ?? []).map((object) => strip(object.Key)),
        ...(page.CommonPrefixes ?? []).map((one) => strip(one.Prefix)),
      );
      Marker = page.IsTruncated ? page.NextMarker : undefined;
    } while (Marker !== undefined);
    expect(names.toSorted()).toEqual([...NAMES.filter((name) => !name.includes('/')), 'a/', 'b/'].toSorted());
  });

  it('shows nothing of a neighbour whose prefix starts alike', async () => {
    expect((await listAll({ Prefix: PREFIX })).keys).toEqual(NAMES);
    for (const Prefix of ['', PREFIX.slice(0, -1), `${PREFIX}-neighbour/`]) {
      const list = s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix }));
      await expect(list).rejects.toMatchObject({ name: 'AccessDenied' });
    }
  });

  it('refuses a page size or a token that means nothing', async () => {
    const list = (input: object) =>
      s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: `${PREFIX}/`, ...input }));
    await expect(list({ MaxKeys: -1 })).rejects.toMatchObject({ name: 'InvalidArgument' });
    await expect(list({ ContinuationToken: 'äöü' })).rejects.toMatchObject({ name: 'InvalidArgument' });
  });
});

describe('afterKeysBelow', () => {
  it.each(['a', 'a/', 'é', '\uD7FF', '\uFFFF', '🎉', 'x\u{10FFFF}', '\u{10FFFF}'])(
    'is above all keys starting with %j and below the next',
    (prefix) => {
      const after = Buffer.from(afterKeysBelow(prefix));
      expect(Buffer.compare(after, Buffer.from(`${prefix}\u{10FFFF}\u{10FFFF}zzz`))).toBe(1);
      expect(after.toString()).not.toContain('\uFFFD');
    },
  );
});
