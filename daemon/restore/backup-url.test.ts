import { describe, expect, it } from 'vitest';
import { formatBackupUrl, parseBackupUrl, parseRepositoryAddress } from './backup-url.ts';

const SNAPSHOT = 'ab'.repeat(32);
const ID = '0b0e6c1e-0000-4000-8000-000000000001';
const SPACE = `https://s3.us-west-2.amazonaws.com/example-bucket/did:key:z6MkExample-ab12cd34/olares-backups/my%20photos-${ID}`;
const QUERY = `snapshotId=${SNAPSHOT}&snapshotTime=1767229200&backupPath=L0ZpbGVzL0hvbWUvUGljdHVyZXMv&backupType=1`;
const encode = (text: string): string => Buffer.from(text).toString('base64');

describe('a Backup URL', () => {
  it('gives place, plan and snapshot', () => {
    expect(parseBackupUrl(`${SPACE}?${QUERY}`)).toEqual({
      address: `s3:${SPACE}`,
      location: 'space',
      planId: ID,
      planName: 'my photos',
      suffix: 'ab12cd34',
      region: 'us-west-2',
      snapshotId: SNAPSHOT,
      snapshotAt: 1_767_229_200_000,
      backupPath: '/Files/Home/Pictures/',
    });
  });

  it.each([
    ['with the scheme of restic', `s3:${SPACE}?${QUERY}`],
    ['in base64', encode(`${SPACE}?${QUERY}`)],
    ['in URL-safe base64', Buffer.from(`${SPACE}?${QUERY}`).toString('base64url')],
    ['broken into lines', ` ${encode(`${SPACE}?${QUERY}\n`).replace(/.{40}/g, '$&\r\n\t')}\n`],
  ])('is read %s', (_form, text) => {
    expect(parseBackupUrl(text)).toEqual(parseBackupUrl(`${SPACE}?${QUERY}`));
  });

  it('comes back from its written form', () => {
    const parts = {
      address: `s3:${SPACE}`,
      snapshotId: SNAPSHOT,
      snapshotAt: 1_767_229_200_000,
      backupPath: '/ä b',
    };
    expect(parseBackupUrl(formatBackupUrl(parts))).toMatchObject(parts);
  });

  it.each([
    [
      'a directory',
      `/mnt/disk/olares-backups/x-${ID}?${QUERY}`,
      'directory',
      `/mnt/disk/olares-backups/x-${ID}`,
    ],
    ['an SFTP host', `sftp:me@nas:/b/olares-backups/x-${ID}?${QUERY}`, 'sftp', undefined],
    ['own S3', `https://s3.eu-1.amazonaws.com/b/olares-backups/x-${ID}?${QUERY}`, 's3', undefined],
  ])('may name %s', (_what, text, location, address) => {
    expect(parseBackupUrl(text)).toMatchObject({ location, ...(address && { address }) });
  });

  it.each([
    ['a REST server', 'rest:https://nas.example:8000/r', 'rest'],
    ['a host behind SFTP', 'sftp://me@nas.example:2222//srv/r', 'sftp'],
    ['one in the short form', 'sftp:me@nas.example:backups/r', 'sftp'],
    ['any bucket', 's3:https://s3.example/bucket/x', 's3'],
    ['any directory', '/mnt/disk', 'directory'],
  ])('of %s comes back from its written form, with an id of its own', (_what, address, location) => {
    const written = formatBackupUrl({ address, snapshotId: SNAPSHOT, snapshotAt: 1000, backupPath: '/a' });
    const parsed = parseBackupUrl(written);
    expect(parsed).toMatchObject({ address, location, snapshotId: SNAPSHOT, backupPath: '/a' });
    expect(parsed.planId).toMatch(/^[0-9a-f-]{36}$/);
    expect(parsed.planId).toBe(parseRepositoryAddress(address).planId);
  });

  it.each([
    ['nothing', ''],
    ['a code', '7F3K'],
    ['a snapshot', SNAPSHOT],
    ['no query', SPACE],
    ['a short snapshot', `${SPACE}?snapshotId=abcd&snapshotTime=1`],
    ['no time', `${SPACE}?snapshotId=${SNAPSHOT}`],
    ['no repository', `https://s3.us-west-2.amazonaws.com/bucket/x?${QUERY}`],
    ['a relative part', `/mnt/../etc/olares-backups/x-${ID}?${QUERY}`],
    ['a user and password', `https://u:p@s3.us-west-2.amazonaws.com/b/olares-backups/x-${ID}?${QUERY}`],
    ['a DID without its suffix', `https://h/b/did:key:z6Mk/olares-backups/x-${ID}?${QUERY}`],
    ['another scheme', `file:///etc/olares-backups/x-${ID}?${QUERY}`],
  ])('is refused when it is %s', (_what, text) => {
    expect(() => parseBackupUrl(text)).toThrow(
      expect.objectContaining({ code: 'invalid_input', field: 'backupUrl' }),
    );
  });
});
