import { createServer } from 'node:http';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterEach, describe, expect, it } from 'vitest';
import type { Session } from '../session.ts';
import { parseAddress } from './address.ts';
import { openObjects } from './objects.ts';
import { signedHeaders } from './sign.ts';

const options = {};
const credentials = { accessKeyId: 'AK', secretAccessKey: 'SK', sessionToken: 'ST', expiresAt: 9e15 };

describe('an address', () => {
  it.each([
    [
      's3:https://s3.eu-west-1.amazonaws.com/b/p/q',
      options,
      'https://s3.eu-west-1.amazonaws.com/b/p/q/',
      'eu-west-1',
    ],
    ['s3:http://127.0.0.1:9000/b', options, 'http://127.0.0.1:9000/b/', 'us-east-1'],
    ['s3:host.example/b/50%-off', options, 'https://host.example/b/50%25-off/', 'us-east-1'],
    ['s3:host.example/b/my (plan)+1', options, 'https://host.example/b/my%20%28plan%29%2B1/', 'us-east-1'],
    [
      's3:https://cos.ap-seoul.myqcloud.com/b/p',
      options,
      'https://b.cos.ap-seoul.myqcloud.com/p/',
      'ap-seoul',
    ],
    [
      's3:https://h.example/b/p',
      { 's3.bucket-lookup': 'dns', 's3.region': 'r1' } as const,
      'https://b.h.example/p/',
      'r1',
    ],
  ])('%s is read as restic reads it', (address, given, base, region) => {
    expect(parseAddress({ address, options: given })).toMatchObject({
      kind: 's3',
      base: new URL(base),
      region,
    });
  });

  it('keeps user and password of a REST server out of its URL', () => {
    const place = parseAddress({ address: 'rest:https://al:s%40c@host/r', options });
    expect(place).toEqual({
      kind: 'rest',
      base: new URL('https://host/r/'),
      authorization: `Basic ${btoa('al:s@c')}`,
    });
  });

  it('may be a directory or restic’s own business', () => {
    expect(parseAddress({ address: '/srv/r', options })).toEqual({ kind: 'directory', path: '/srv/r' });
    expect(parseAddress({ address: 'rclone:x:y', options })).toEqual({ kind: 'other', scheme: 'rclone' });
  });

  it.each([
    ['sftp:u@h:/r', { user: 'u', host: 'h', path: '/r' }],
    ['sftp:h:below/home/', { host: 'h', path: 'below/home' }],
    ['sftp://u@h:2222//srv/my%20r', { user: 'u', host: 'h', port: 2222, path: '/srv/my r' }],
    ['sftp://[::1]:22/r', { host: '::1', port: 22, path: 'r' }],
  ])('%s is an SFTP place as restic reads it', (address, place) => {
    expect(parseAddress({ address, options })).toEqual({
      kind: 'sftp',
      user: undefined,
      port: undefined,
      ...place,
    });
  });

  it.each(['sftp:-oProxyCommand=x:/r', 'sftp:-u@h:/r', 'sftp:u@-h:/r', 'sftp://-h/r', 'sftp:h', 'sftp://h'])(
    '%s is refused',
    (address) => {
      expect(() => parseAddress({ address, options })).toThrow(/SFTP address/);
    },
  );
});

describe('a signature', () => {
  it.each([
    ['GET', undefined],
    ['PUT', Buffer.from('a key file')],
  ])('of a %s is the one AWS’s own library makes', async (method, body) => {
    const url = new URL('https://s3.eu-west-1.amazonaws.com/b/my%20%28plan%29/config');
    const now = Date.UTC(2026, 10, 20, 12, 0, 0);
    const ours = signedHeaders(url, { credentials, region: 'eu-west-1', now, method, body });
    const signer = new SignatureV4({
      credentials,
      region: 'eu-west-1',
      service: 's3',
      sha256: Sha256,
      uriEscapePath: false,
    });
    const { authorization: _ours, ...headers } = ours;
    const request = {
      method,
      body,
      protocol: 'https:',
      hostname: url.hostname,
      path: url.pathname,
      headers,
    };
    const theirs = await signer.sign(request, { signingDate: new Date(now) });
    expect(ours['authorization']).toBe(theirs.headers['authorization']);
  });
});

describe('reading a file of a repository over HTTP', () => {
  const server = createServer();
  afterEach(() => server.close());
  const session = { cancel: new AbortController().signal, clock: Date.now } as unknown as Session;

  async function readFrom(status: number, body: string): Promise<Buffer | undefined> {
    server
      .removeAllListeners('request')
      .on('request', (_request, response) => response.writeHead(status).end(body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const access = {
      address: `s3:http://127.0.0.1:${port}/b`,
      options,
      credentials: { kind: 'none' },
    } as const;
    return openObjects(session, access, async () => credentials).read('config');
  }

  it.each([
    [403, '<Code>AccessDenied</Code>', 'refused'],
    [403, '<Code>ExpiredToken</Code>', 'not_signed_in'],
    [401, '', 'not_signed_in'],
    [500, '<html>', 'unreachable'],
    [302, '', 'unreachable'],
  ])('takes %i %s for %s', async (status, body, code) => {
    await expect(readFrom(status, body)).rejects.toMatchObject({ code });
  });

  it('answers with the bytes, or that there are none', async () => {
    expect((await readFrom(200, 'raw'))?.toString()).toBe('raw');
    server.close();
    expect(await readFrom(404, '')).toBeUndefined();
  });

  it('finds at once that nothing listens', async () => {
    const access = { address: 'rest:http://127.0.0.1:1/', options, credentials: { kind: 'none' } } as const;
    await expect(openObjects(session, access, undefined).read('config')).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('nothing listens there') as string,
    });
  });
});
