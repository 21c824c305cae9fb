import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pairMachine, type Machine } from '../testing/agent.ts';
import { startTestSpace, type TestSpace } from '../testing/fixture.ts';
import { proposeRestore } from './restore.ts';

const PLAN = '7b1e0000-0000-4000-8000-000000000001';
const SNAPSHOT = 'c9d00000-0000-4000-8000-000000000001';
const RESTIC_ID = 'a'.repeat(64);

let fixture: TestSpace;
let machine: Machine;
let prefix: string;
beforeEach(async () => {
  fixture = await startTestSpace();
  machine = await pairMachine(fixture);
  const { userid, token } = machine.paired;
  const sts = await fixture.call('/v1/resource/stsToken/backup', { userid, token, clusterId: '' });
  prefix = String(sts.data?.['prefix']);
});
afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
});

const accountId = () => fixture.space.state.accounts.list()[0]!.id;

async function report(change: Record<string, string> = {}): Promise<void> {
  const { userid, token } = machine.paired;
  const backup = {
    userid,
    token,
    backupId: PLAN,
    name: 'photos',
    backupType: 1,
    backupTime: 1,
    backupPath: '/a b',
    backupLocation: 'space',
  };
  await fixture.post('/v1/resource/backup/save', JSON.stringify(backup), {
    'content-type': 'application/json',
  });
  const url = `${fixture.space.url}/olares-space/${prefix}/olares-backups/photos-${PLAN}`;
  const snapshot = {
    userid,
    backupId: PLAN,
    snapshotId: SNAPSHOT,
    resticSnapshotId: RESTIC_ID,
    snapshotTime: '1767229200',
    status: 'Completed',
    url,
  };
  await fixture.call('/v1/resource/snapshot/save', { ...snapshot, ...change });
}

function propose(change: Record<string, string> = {}) {
  const { state, storageIdentity: storage } = fixture.space;
  const wish = { accountId: accountId(), backupId: PLAN, snapshotId: SNAPSHOT, note: 'hello', ...change };
  const command = proposeRestore(wish, { state, storage, askedBy: 'test' });
  const params = command.params as { planId?: string; backupUrl?: string };
  const url = params.backupUrl === undefined ? undefined : Buffer.from(params.backupUrl, 'base64').toString();
  return { ...command, params, url };
}

describe('a proposed restore', () => {
  it('goes to the machine of the backup with its plan, and carries the real Backup URL', async () => {
    await report();
    const { deviceId, params, url } = propose();
    expect(deviceId).toBe(machine.paired.deviceId);
    expect(params).toMatchObject({ planId: PLAN, snapshotId: RESTIC_ID, note: 'hello' });
    expect(url).toBe(
      `${fixture.space.url}/olares-space/${prefix}/olares-backups/photos-${PLAN}` +
        `?snapshotId=${RESTIC_ID}&snapshotTime=1767229200&backupPath=L2EgYg%3D%3D&backupType=1`,
    );
  });

  it('names no plan to another machine of the account', async () => {
    await report();
    const other = await pairMachine(fixture);
    const { deviceId, params, url } = propose({ deviceId: other.paired.deviceId });
    expect(deviceId).toBe(other.paired.deviceId);
    expect(params.planId).toBeUndefined();
    expect(url).toContain(prefix);
  });

  it.each([
    ['another bucket', (own: string) => own.replace('olares-space', 'other')],
    ['another account', (own: string) => own.replace(/did:key:z6Mk[^-]+/, 'did:key:z6MkOther')],
    ['a step up', (own: string) => `${own}/../../../x/y`],
    ['an encoded step up', (own: string) => `${own}%2f..%2f..`],
    ['encoded steps to another place', (own: string) => own.replace('photos', 'x%2f..%2f..%2fy')],
    ['another backup', (own: string) => own.replace(PLAN, SNAPSHOT)],
    ['a folder below', (own: string) => `${own}/data`],
    ['another folder', (own: string) => own.replace('olares-backups', 'elsewhere')],
    ['no address', () => 'javascript:alert(1)'],
    ['nothing', () => ''],
  ])('takes no address over from a report with %s', async (_name, spoil) => {
    await report({ url: spoil(`${fixture.space.url}/olares-space/${prefix}/olares-backups/photos-${PLAN}`) });
    expect(propose().url).toBeUndefined();
  });

  it('always points to our own endpoint, whatever host a report names', async () => {
    await report({ url: `https://evil.example/olares-space/${prefix}/olares-backups/photos-${PLAN}` });
    expect(new URL(propose().url ?? '').origin).toBe(fixture.space.url);
  });

  it('is refused for snapshots that are not there or hold nothing, and for foreign or revoked machines', async () => {
    await report({ resticSnapshotId: '', status: 'Failed' });
    expect(() => propose()).toThrow('never finished');
    expect(() => propose({ snapshotId: PLAN })).toThrow('no such snapshot');
    await report();
    expect(() => propose({ deviceId: SNAPSHOT })).toThrow('not one of this account');
    const { code } = fixture.space.createPairingCode('bob@olares.com');
    const foreign = await pairMachine(fixture, code);
    expect(() => propose({ deviceId: foreign.paired.deviceId })).toThrow('not one of this account');
    fixture.space.revoke(machine.paired.deviceId);
    expect(() => propose()).toThrow('this machine was revoked');
  });
});
