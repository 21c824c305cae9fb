import { describe, expect, it } from 'vitest';
import type { CredentialPurpose } from '../credentials.ts';
import { isPermitted } from '../testing/policy-judge.ts';
import { sessionPolicy } from './session-policy.ts';

const PREFIX = 'did:key:z6MkExample-ab12cd34';
const NAME = 'a1'.repeat(32);
const REPO = `${PREFIX}/olares-backups/photos-1`;
const request = {
  bucket: 'bucket',
  prefix: PREFIX,
  partition: 'aws',
  purpose: 'backup',
  isFull: false,
} as const;

const may = (
  action: string,
  key: string,
  change: { purpose?: CredentialPurpose; isFull?: boolean; context?: Record<string, string> } = {},
) => {
  const { context = {}, ...rest } = change;
  const resource = key === '' ? 'arn:aws:s3:::bucket' : `arn:aws:s3:::bucket/${key}`;
  return isPermitted(sessionPolicy({ ...request, ...rest }), { action: `s3:${action}`, resource, context });
};
const FOLDERS = ['locks', 'index', 'keys', 'snapshots', 'data/a1', 'config'];
const inFolder = (folder: string) => (folder === 'config' ? `${REPO}/config` : `${REPO}/${folder}/${NAME}`);
const allowed = (action: string, change: Parameters<typeof may>[2]) =>
  FOLDERS.filter((folder) => may(action, inFolder(folder), change));

describe('a session policy', () => {
  it.each([
    ['read', false, { put: [], del: [] }],
    ['backup', false, { put: FOLDERS, del: ['locks', 'index'] }],
    ['keys', false, { put: FOLDERS, del: ['locks', 'index', 'keys'] }],
    ['prune', false, { put: FOLDERS, del: FOLDERS }],
    ['read', true, { put: [], del: [] }],
    ['backup', true, { put: ['locks', 'index', 'snapshots'], del: ['locks', 'index'] }],
    ['keys', true, { put: ['locks', 'index', 'keys', 'snapshots'], del: ['locks', 'index', 'keys'] }],
    ['prune', true, { put: ['locks', 'index', 'keys', 'snapshots', 'data/a1', 'config'], del: FOLDERS }],
  ] as const)('for %s, full: %s, lets write and delete %j', (purpose, isFull, { put, del }) => {
    expect(allowed('PutObject', { purpose, isFull })).toEqual(put);
    expect(allowed('DeleteObject', { purpose, isFull })).toEqual(del);
    expect(allowed('GetObject', { purpose, isFull })).toEqual(FOLDERS);
  });

  it.each(['read', 'backup', 'keys', 'prune'] as const)('for %s ends at the prefix', (purpose) => {
    for (const key of [
      'x',
      `${PREFIX}x/config`,
      `${PREFIX}/`.slice(0, -1),
      `did:key:z6MkExample-other/locks/${NAME}`,
    ]) {
      for (const action of ['GetObject', 'PutObject', 'DeleteObject'])
        expect(may(action, key, { purpose }), `${action} ${key}`).toBe(false);
    }
    expect(may('ListBucket', '', { purpose })).toBe(false);
    for (const prefix of ['', 'did:', PREFIX, `${PREFIX}x/`])
      expect(may('ListBucket', '', { purpose, context: { 's3:prefix': prefix } }), prefix).toBe(false);
    expect(may('ListBucket', '', { purpose, context: { 's3:prefix': `${REPO}/data/` } })).toBe(true);
    for (const action of [
      'DeleteObjectVersion',
      'PutObjectAcl',
      'BypassGovernanceRetention',
      'GetObjectVersion',
    ])
      expect(may(action, inFolder('data/a1'), { purpose }), action).toBe(false);
    for (const action of ['DeleteBucket', 'PutBucketPolicy', 'PutLifecycleConfiguration'])
      expect(may(action, '', { purpose }), action).toBe(false);
  });

  it('denies the rest even where the policy of the bucket allows it', () => {
    const statements = (JSON.parse(sessionPolicy(request)) as { Statement: object[] }).Statement;
    const open = { Effect: 'Allow', Action: ['s3:*'], Resource: ['*'] };
    const policy = JSON.stringify({ Version: '2012-10-17', Statement: [...statements, open] });
    const elsewhere = { action: 's3:GetObject', resource: 'arn:aws:s3:::bucket/elsewhere', context: {} };
    expect(isPermitted(policy, elsewhere)).toBe(false);
  });

  it.each(['locks', 'x/locks/y', `locks/${NAME}`])('keeps data in a plan that is called %s', (plan) => {
    for (const folder of ['data/a1', 'snapshots', 'keys']) {
      const key = `${PREFIX}/olares-backups/${plan}-1/${folder}/${NAME}`;
      expect(may('DeleteObject', key), key).toBe(false);
    }
    expect(may('PutObject', `${PREFIX}/olares-backups/${plan}-1/data/a1/${NAME}`, { isFull: true })).toBe(
      false,
    );
  });

  it('fits into what STS takes, with the longest names', () => {
    const bucket = 'b'.repeat(63);
    const prefix = `did:key:z6Mk${'x'.repeat(44)}-${'a'.repeat(12)}`;
    for (const purpose of ['read', 'backup', 'keys', 'prune'] as const)
      for (const isFull of [false, true])
        expect(
          sessionPolicy({ bucket, prefix, purpose, isFull, partition: 'aws-us-gov' }).length,
        ).toBeLessThanOrEqual(2_048);
  });

  it.each(['*', 'did:key:z6Mk?-a', '${aws:username}', 'a b', 'a/b', ''])(
    'is not made for the prefix "%s"',
    (prefix) => {
      expect(() => sessionPolicy({ ...request, prefix })).toThrow(RangeError);
    },
  );
});
