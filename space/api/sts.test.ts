import { expect, it } from 'vitest';
import { hostToPin, stsAnswer, type StorageIdentity } from './sts.ts';

const credentials = {
  accessKeyId: 'ak',
  secretAccessKey: 'sk',
  sessionToken: 'st',
  expiresAtMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  accountId: 'a',
  prefix: 'did:key:z6Mk-x',
  purpose: 'backup',
} as const;
const at = (endpoint: string, change: Partial<StorageIdentity> = {}): StorageIdentity => ({
  cloud: 'aws',
  region: 'eu-central-1',
  bucket: 'b',
  endpoint,
  ...change,
});

it('leaves out the address and the host to pin where every machine knows them, also one of the real Olares', () => {
  const aws = at('https://s3.eu-central-1.amazonaws.com');
  const cos = at('https://cos.ap-beijing.myqcloud.com', { cloud: 'tencentcloud', region: 'ap-beijing' });
  for (const where of [aws, cos]) {
    expect(stsAnswer(credentials, where)).not.toHaveProperty('endpoint');
    expect(hostToPin(where, 'https://space.example.com')).toBeUndefined();
  }
});

it('names both where a machine could not know them', () => {
  const other = at('https://minio.example.com:9000');
  expect(stsAnswer(credentials, other)).toMatchObject({
    endpoint: 'https://minio.example.com:9000',
    expiration: '2026-01-02T03:04:05Z',
  });
  expect(hostToPin(other, 'https://space.example.com')).toBe('minio.example.com:9000');
  expect(hostToPin(other, 'https://minio.example.com')).toBeUndefined();
  const otherRegion = at('https://s3.eu-west-1.amazonaws.com');
  expect(hostToPin(otherRegion, 'https://space.example.com')).toBe('s3.eu-west-1.amazonaws.com');
});
