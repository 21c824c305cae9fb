import { createHash } from 'node:crypto';
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  BUCKET,
  PREFIX,
  REGION,
  s3Client,
  send,
  sendRaw,
  signedHeaders,
  startStorage,
  type StorageFixture,
} from './testing/storage-fixture.ts';

let fixture: StorageFixture;
const MINUTE = 60_000;
const path = `/${BUCKET}/${encodeURIComponent(PREFIX)}/thing`;
const put = { method: 'PUT', path, body: 'content' };
const get = { method: 'GET', path };

beforeAll(async () => void (fixture = await startStorage()));
afterAll(async () => {
  expect(fixture.errors).toEqual([]);
  await fixture[Symbol.asyncDispose]();
});
beforeEach(async () => {
  fixture.clock.offsetMs = 0;
  expect((await sendRaw(fixture, await fixture.credentials(), put)).status).toBe(200);
});

describe('a signature', () => {
  it('that is right is accepted, and the answer carries time and request id', async () => {
    const answer = await sendRaw(fixture, await fixture.credentials(), get);
    expect(answer).toMatchObject({ status: 200, text: 'content' });
    expect(Math.abs(Date.parse(answer.headers.date ?? '') - fixture.clock.now())).toBeLessThan(5_000);
    expect(answer.headers['x-amz-request-id']).toMatch(/^[0-9A-F]{16}$/);
  });

  it('that is missing, of another kind or malformed is refused', async () => {
    expect((await send(fixture.port, get)).code).toBe('AccessDenied');
    const headers = (authorization: string) => ({ headers: { authorization } });
    expect((await send(fixture.port, { ...get, ...headers('AWS abc:def') })).code).toBe('InvalidRequest');
    expect((await send(fixture.port, { ...get, ...headers('AWS4-HMAC-SHA256 x') })).code).toBe(
      'AuthorizationHeaderMalformed',
    );
  });

  it.each([
    ['another secret', { secretAccessKey: 'wrong' }, 'SignatureDoesNotMatch'],
    ['another access key', { accessKeyId: 'OLSP0000000000000000' }, 'InvalidAccessKeyId'],
    ['a token that is not ours', { sessionToken: 'AAAA.BBBB' }, 'InvalidToken'],
  ])('made with %s is refused', async (_name, change, code) => {
    expect((await sendRaw(fixture, { ...(await fixture.credentials()), ...change }, get)).code).toBe(code);
  });

  it('covers method, path, query, headers and body', async () => {
    const credentials = await fixture.credentials();
    const bent = (name: string, value: string) =>
      sendRaw(fixture, credentials, put, (headers) => void (headers[name] = value));
    expect((await bent('host', 'elsewhere.example')).code).toBe('SignatureDoesNotMatch');
    expect((await bent('x-amz-meta-added', 'later')).code).toBe('AccessDenied');
    expect((await bent('x-amz-content-sha256', 'UNSIGNED-PAYLOAD')).code).toBe('SignatureDoesNotMatch');
    const other = await sendRaw(fixture, credentials, {
      ...put,
      payload: createHash('sha256').update('other').digest('hex'),
    });
    expect(other.code).toBe('XAmzContentSHA256Mismatch');
    const headers = await signedHeaders(fixture, credentials, get);
    expect((await send(fixture.port, { method: 'DELETE', path, headers })).code).toBe(
      'SignatureDoesNotMatch',
    );
    expect((await send(fixture.port, { method: 'GET', path: `${path}2`, headers })).code).toBe(
      'SignatureDoesNotMatch',
    );
    expect((await send(fixture.port, { method: 'GET', path: `${path}?x=1`, headers })).code).toBe(
      'SignatureDoesNotMatch',
    );
    expect((await send(fixture.port, { method: 'GET', path, headers })).status).toBe(200);
  });

  it('of the wrong time is refused, also when replayed', async () => {
    const credentials = await fixture.credentials();
    for (const offset of [-16 * MINUTE, 16 * MINUTE]) {
      const signingDate = new Date(fixture.clock.now() + offset);
      expect((await sendRaw(fixture, credentials, { ...get, signingDate })).code).toBe(
        'RequestTimeTooSkewed',
      );
    }
    const signingDate = new Date(fixture.clock.now() - 14 * MINUTE);
    expect((await sendRaw(fixture, credentials, { ...get, signingDate })).status).toBe(200);
  });

  it('for another region is refused with the right one named', async () => {
    const answer = await sendRaw(fixture, await fixture.credentials(), get, (headers) => {
      headers['authorization'] = headers['authorization']?.replace(REGION, 'mars-1') ?? '';
    });
    expect(answer.code).toBe('AuthorizationHeaderMalformed');
    expect(answer.text).toContain(REGION);
  });

  it('in the query works until it expires', async () => {
    const credentials = await fixture.credentials();
    const signer = new SignatureV4({
      service: 's3',
      region: REGION,
      credentials,
      sha256: Sha256,
      uriEscapePath: false,
    });
    const request = {
      method: 'GET',
      protocol: 'http:',
      hostname: '127.0.0.1',
      path,
      headers: { host: `127.0.0.1:${fixture.port}`, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
    };
    const signed = await signer.presign(request, {
      expiresIn: 60,
      signingDate: new Date(fixture.clock.now()),
    });
    const query = new URLSearchParams(signed.query as Record<string, string>).toString();
    expect(await send(fixture.port, { method: 'GET', path: `${path}?${query}` })).toMatchObject({
      status: 200,
      text: 'content',
    });
    const longer = query.replace('X-Amz-Expires=60', 'X-Amz-Expires=600');
    expect((await send(fixture.port, { method: 'GET', path: `${path}?${longer}` })).code).toBe(
      'SignatureDoesNotMatch',
    );
    fixture.clock.offsetMs = 2 * MINUTE;
    expect((await send(fixture.port, { method: 'GET', path: `${path}?${query}` })).code).toBe('AccessDenied');
  });
});

describe('temporary credentials', () => {
  it('expire with the code that makes clients renew them', async () => {
    const credentials = await fixture.credentials({ ttlSeconds: 900 });
    fixture.clock.offsetMs = 14 * MINUTE;
    expect((await sendRaw(fixture, credentials, get)).status).toBe(200);
    fixture.clock.offsetMs = 15 * MINUTE;
    expect((await sendRaw(fixture, credentials, get)).code).toBe('ExpiredToken');
  });

  it('are renewed when expired, with the same rights, for 30 days, those to delete for one', async () => {
    const credentials = await fixture.credentials({ ttlSeconds: 900, purpose: 'read' });
    fixture.clock.offsetMs = 60 * MINUTE;
    const renewed = await fixture.storage.refresh(credentials, 900);
    expect(renewed).toMatchObject({ purpose: 'read', prefix: PREFIX });
    expect(renewed?.accessKeyId).not.toBe(credentials.accessKeyId);
    expect((await sendRaw(fixture, renewed ?? credentials, get)).status).toBe(200);
    fixture.clock.offsetMs = 31 * 24 * 60 * MINUTE;
    expect(await fixture.storage.refresh(renewed ?? credentials, 900)).toBeUndefined();
    const prune = await fixture.credentials({ purpose: 'prune' });
    expect(await fixture.storage.refresh(prune, 900)).toBeDefined();
    fixture.clock.offsetMs += 25 * 60 * MINUTE;
    expect(await fixture.storage.refresh(prune, 900)).toBeUndefined();
  });

  it('are not renewed unless all three parts belong together', async () => {
    const one = await fixture.credentials();
    const other = await fixture.credentials();
    expect(
      await fixture.storage.refresh({ ...one, secretAccessKey: other.secretAccessKey }, 900),
    ).toBeUndefined();
    expect(await fixture.storage.refresh({ ...one, accessKeyId: other.accessKeyId }, 900)).toBeUndefined();
    expect(await fixture.storage.refresh({ ...one, sessionToken: other.sessionToken }, 900)).toBeUndefined();
    const [body = '', seal = ''] = one.sessionToken.split('.');
    const forged = Buffer.from(Buffer.from(body, 'base64url').toString().replace('backup', 'prune')).toString(
      'base64url',
    );
    expect(fixture.storage.identify({ ...one, sessionToken: `${forged}.${seal}` })).toBeUndefined();
  });

  it('outlive a restart', async () => {
    const credentials = await fixture.credentials();
    await fixture.restart();
    expect((await sendRaw(fixture, credentials, get)).text).toBe('content');
  });

  it('are refused for an empty prefix or no time', async () => {
    await expect(fixture.credentials({ prefix: '/' })).rejects.toThrow(/prefix/);
    await expect(fixture.credentials({ ttlSeconds: 0 })).rejects.toThrow(/ttlSeconds/);
  });
});

describe('rights', () => {
  const key = (name: string) => ({ Bucket: BUCKET, Key: `${PREFIX}/repo/${name}` });
  const denied = { name: 'AccessDenied' };

  it('end at the prefix, also beside and above it', async () => {
    const other = fixture.client({ prefix: `${PREFIX}/repo/keys` });
    for (const Key of [`${PREFIX}/thing`, `${PREFIX}/repo/keysish`, `${PREFIX}/repo/keys`, 'elsewhere']) {
      await expect(other.send(new GetObjectCommand({ Bucket: BUCKET, Key }))).rejects.toMatchObject(denied);
      await expect(
        other.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: 'x' })),
      ).rejects.toMatchObject(denied);
    }
  });

  it('of a backup: add, replace and delete locks, delete indexes, nothing more', async () => {
    const backup = fixture.client({ purpose: 'backup' });
    for (const name of ['data/00/p', 'snapshots/s', 'keys/k', 'index/i', 'locks/l', 'config']) {
      await backup.send(new PutObjectCommand({ ...key(name), Body: 'first' }));
      // The same again is a repeated upload, not a change.
      await backup.send(new PutObjectCommand({ ...key(name), Body: 'first' }));
    }
    for (const name of [
      'data/00/p',
      'snapshots/s',
      'keys/k',
      'config',
      'data/locks',
      'locksmith/x',
      'locks/a/b',
    ]) {
      await expect(backup.send(new DeleteObjectCommand(key(name))), name).rejects.toMatchObject(denied);
    }
    for (const name of ['data/00/p', 'snapshots/s', 'keys/k', 'index/i', 'config']) {
      await expect(
        backup.send(new PutObjectCommand({ ...key(name), Body: 'other' })),
        name,
      ).rejects.toMatchObject(denied);
    }
    await backup.send(new PutObjectCommand({ ...key('locks/l'), Body: 'other' }));
    await backup.send(new DeleteObjectCommand(key('locks/l')));
    await backup.send(new DeleteObjectCommand(key('index/i')));
    const kept = await backup.send(new GetObjectCommand(key('data/00/p')));
    expect(await kept.Body?.transformToString()).toBe('first');
  });

  it('hold for each key of a multiple delete', async () => {
    const backup = fixture.client({ purpose: 'backup' });
    await backup.send(new PutObjectCommand({ ...key('locks/m'), Body: 'm' }));
    const Objects = [key('locks/m'), key('data/00/p'), { Key: 'elsewhere' }].map(({ Key }) => ({ Key }));
    const answer = await backup.send(new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects } }));
    expect(answer.Deleted?.map((one) => one.Key)).toEqual([Objects[0]?.Key]);
    expect(answer.Errors?.map((one) => one.Code)).toEqual(['AccessDenied', 'AccessDenied']);
  });

  it('of reading: read; of pruning: everything below the prefix', async () => {
    const read = fixture.client({ purpose: 'read' });
    await read.send(new GetObjectCommand(key('config')));
    for (const name of ['new', 'locks/new']) {
      await expect(read.send(new PutObjectCommand({ ...key(name), Body: 'x' }))).rejects.toMatchObject(
        denied,
      );
      await expect(read.send(new DeleteObjectCommand(key(name)))).rejects.toMatchObject(denied);
    }
    const prune = s3Client(fixture.port, await fixture.credentials({ purpose: 'prune' }));
    await prune.send(new PutObjectCommand({ ...key('config'), Body: 'other' }));
    await prune.send(new DeleteObjectCommand(key('data/00/p')));
    await expect(read.send(new GetObjectCommand(key('data/00/p')))).rejects.toMatchObject({
      name: 'NoSuchKey',
    });
  });
});
