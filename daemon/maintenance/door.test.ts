import { describe, expect, it } from 'vitest';
import type { Location, Plan, RepositoryAccess } from '../../contract/index.ts';
import { createDoor } from './door.ts';

const ID = '0b0e6c1e-0000-4000-8000-000000000001';
const plan = (location: Location, change: Partial<Plan> = {}): Plan =>
  ({ id: ID, name: 'my photos', location, state: 'unarmed', keys: [], paths: ['/x'], ...change }) as Plan;
const spaceAccess = (address: string): RepositoryAccess => ({
  address,
  options: {},
  credentials: { kind: 'sts' },
});
const door = (address = '') =>
  createDoor({
    space: () => ({
      access: async () => spaceAccess(address),
      accessByUrl: () => Promise.reject(new Error()),
      credentials: () => Promise.reject(new Error()),
    }),
  });

describe('the address of a plan', () => {
  it.each<[Location, string]>([
    [{ kind: 'directory', path: '/mnt/disk' }, `/mnt/disk/olares-backups/my photos-${ID}`],
    [{ kind: 's3', address: 's3:https://h/b/' }, `s3:https://h/b/olares-backups/my%20photos-${ID}`],
    [{ kind: 'rest', address: 'rest:http://h:8000' }, `rest:http://h:8000/my%20photos-${ID}`],
    [{ kind: 'sftp', address: 'sftp:u@h:/p' }, `sftp:u@h:/p/olares-backups/my%20photos-${ID}`],
  ])('has a place of its own below %o', async (location, address) => {
    expect((await door().access(plan(location))).address).toBe(address);
  });

  it('escapes a name as the real Olares does', async () => {
    const { address } = await door().access(
      plan({ kind: 's3', address: 's3:x' }, { name: "a:b@c=$+&/d?e(f)'!*~;," }),
    );
    expect(address).toContain('/a:b@c=$+&%2Fd%3Fe%28f%29%27%21%2A~%3B%2C-');
  });

  it.each<[Location, Partial<RepositoryAccess>]>([
    [
      { kind: 's3', address: 's3:https://cos.ap-seoul.myqcloud.com/b' },
      { options: { 's3.bucket-lookup': 'dns', 's3.region': 'ap-seoul' } },
    ],
    [
      { kind: 's3', address: 's3:https://h/b', region: 'r1', caFile: '/ca' },
      { options: { 's3.region': 'r1' }, caFile: '/ca' },
    ],
    [
      { kind: 'rest', address: 'rest:https://h/', credentialsFile: '/k' },
      { credentials: { kind: 'file', path: '/k' } },
    ],
    [{ kind: 'sftp', address: 'sftp:h:/p', keyFile: '/id' }, { ssh: { hostKeys: [], keyFile: '/id' } }],
  ])('comes with what %o needs', async (location, access) => {
    expect(await door().access(plan(location))).toMatchObject(access);
  });

  it('holds the limits of a plan to those of the settings', async () => {
    const limited = createDoor({ space: () => undefined, limits: { uploadKiBPerSecond: 500 } });
    const limits = {
      upload: [
        { from: '08:00', to: '18:00', kibPerSecond: 100 },
        { from: '22:00', to: '06:00' },
      ],
    };
    const access = await limited.access(plan({ kind: 'directory', path: '/d' }, { limits, zone: 'UTC' }));
    expect(access.limits).toEqual({
      zone: 'UTC',
      upload: [
        { from: '08:00', to: '18:00', kibPerSecond: 100 },
        { from: '22:00', to: '06:00', kibPerSecond: 500 },
        { kibPerSecond: 500 },
      ],
      download: [],
    });
  });

  it('never leaves its directory by a name', async () => {
    const { address } = await door().access(plan({ kind: 'directory', path: '/mnt' }, { name: '../../etc' }));
    expect(address).toBe(`/mnt/olares-backups/.._.._etc-${ID}`);
  });

  it('is the location itself when that is to be adopted', async () => {
    const { address } = await door().access(plan({ kind: 'directory', path: '/mnt/r' }), { adopt: true });
    expect(address).toBe('/mnt/r');
  });

  it('carries the file of credentials, never their content', async () => {
    const { credentials } = await door().access(plan({ kind: 's3', address: 's3:x', credentialsFile: '/k' }));
    expect(credentials).toEqual({ kind: 'file', path: '/k' });
  });
});

describe('an armed plan', () => {
  const base = 's3:https://s3.eu.amazonaws.com/b/did:key:z6Mk-ab';
  const repository = { id: 'a'.repeat(64), address: `${base}/olares-backups/old%20name-${ID}` };

  it('keeps the address and id it was armed with, whatever its name is now', async () => {
    const armed = plan({ kind: 'space' }, { repository });
    await expect(door(`${base}/olares-backups/new-${ID}`).access(armed)).resolves.toMatchObject({
      address: repository.address,
      expectId: repository.id,
      credentials: { kind: 'sts' },
    });
  });

  it('is not followed to another bucket or account', async () => {
    const armed = plan({ kind: 'space' }, { repository });
    await expect(
      door(`s3:https://s3.eu.amazonaws.com/other/did:key:z6Mk-ab/olares-backups/x-${ID}`).access(armed),
    ).rejects.toMatchObject({ code: 'refused' });
  });
});

it('asks to sign in for a plan at Space', async () => {
  const nobody = createDoor({ space: () => undefined });
  await expect(nobody.access(plan({ kind: 'space' }))).rejects.toMatchObject({ code: 'not_signed_in' });
});
