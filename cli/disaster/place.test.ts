import { describe, expect, it } from 'vitest';
import type { Session } from '../session.ts';
import { placeOf, type PlaceOptions } from './place.ts';

const session = { runtime: { cwd: '/home/me' } } as unknown as Session;
const at = async (what: string, options: PlaceOptions) => await placeOf(session, what, options);
const AT_SPACE = 's3:https://space.example/olares-space/did:key:z6Mk-abc/olares-backups/photos-0b0e6c1e';

describe('the place of a repository', () => {
  it.each<[string, PlaceOptions, object]>([
    [
      's3:https://s3.example/bucket/path',
      { credentialsFile: 'keys.ini', caFile: '/etc/ca.pem', region: 'eu-central-1' },
      {
        kind: 's3',
        address: 's3:https://s3.example/bucket/path',
        credentialsFile: '/home/me/keys.ini',
        caFile: '/etc/ca.pem',
        region: 'eu-central-1',
      },
    ],
    [
      'rest:https://rest.example:8000/ann',
      { credentialsFile: 'rest-keys', caFile: 'ca.pem' },
      {
        kind: 'rest',
        address: 'rest:https://rest.example:8000/ann',
        credentialsFile: '/home/me/rest-keys',
        caFile: '/home/me/ca.pem',
      },
    ],
    [
      'sftp:me@host:/backups',
      { sshKey: 'id', hostKey: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA host'] },
      {
        kind: 'sftp',
        address: 'sftp:me@host:/backups',
        keyFile: '/home/me/id',
        hostKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA'],
      },
    ],
    ['local:/mnt/disk', {}, { kind: 'directory', path: '/mnt/disk' }],
  ])('%s takes the options that a plan there takes', async (address, options, location) => {
    expect(await at(address, options)).toEqual({ look: { location }, atSpace: false });
  });

  it('at Space is told by its address alone', async () => {
    expect(await at(AT_SPACE, {})).toEqual({ look: { address: AT_SPACE }, atSpace: true });
    for (const [options, field] of [
      [{ region: 'eu-central-1' }, '--region'],
      [{ hostKey: ['SHA256:x'] }, '--host-key'],
      [{ caFile: 'ca.pem' }, '--ca-file'],
    ] as const)
      await expect(at(AT_SPACE, options as PlaceOptions)).rejects.toMatchObject({ field });
  });

  it('takes no option of another kind of storage', async () => {
    await expect(at('/mnt/disk', { caFile: 'ca.pem' })).rejects.toMatchObject({ field: '--ca-file' });
    await expect(at('rest:https://r/', { sshKey: 'id' })).rejects.toMatchObject({ field: '--ssh-key' });
    await expect(at('rest:https://r/', { hostKey: ['ssh-rsa AAAAB3NzaC1yc2EAAAAD'] })).rejects.toMatchObject({
      field: '--host-key',
    });
  });
});
