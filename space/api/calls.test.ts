import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pairMachine } from '../testing/agent.ts';
import { startTestSpace, type TestSpace } from '../testing/fixture.ts';

const STS = '/v1/resource/stsToken/backup';
const REFRESH = '/v1/resource/stsToken/backup/refresh';
const BACKUP = '/v1/resource/backup/save';
const SNAPSHOT = '/v1/resource/snapshot/save';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const JSON_BODY = { 'content-type': 'application/json' };
const BACKUP_ID = '0b0e6c1e-0000-4000-8000-000000000001';

let fixture: TestSpace;
let identity: { userid: string; token: string };
beforeEach(async () => {
  fixture = await startTestSpace();
  const { paired } = await pairMachine(fixture);
  identity = { userid: paired.userid, token: paired.token };
});
afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
});

const saveBackup = (change = {}) =>
  fixture.post(
    BACKUP,
    JSON.stringify({
      ...identity,
      backupId: BACKUP_ID,
      name: 'photos',
      backupType: 1,
      backupTime: 1_767_225_600,
      backupPath: '/Files/Home/Pictures/',
      backupLocation: 'space',
      ...change,
    }),
    JSON_BODY,
  );
const snapshotFields = (change: Record<string, string> = {}) => ({
  userid: identity.userid,
  backupId: BACKUP_ID,
  snapshotId: 'c9d00000-0000-4000-8000-000000000001',
  resticSnapshotId: 'a'.repeat(64),
  size: '123456789',
  realSnapshotSize: '98765432',
  unit: 'byte',
  snapshotTime: '1767229200',
  status: 'Completed',
  type: 'incremental',
  url: 'https://s3.us-west-2.amazonaws.com/b/did:key:z6MkExample-ab12cd34/olares-backups/photos-0b0e',
  cloud: 'aws',
  region: 'us-west-2',
  bucket: 'b',
  prefix: 'did:key:z6MkExample-ab12cd34',
  message: '{"message_type":"summary","a":"50% of a&b + c=d"}',
  ...change,
});
const account = () => fixture.space.state.accounts.list()[0]!;

describe('storage credentials', () => {
  const ask = (change = {}) =>
    fixture.call(STS, {
      cloudName: 'aws',
      durationSeconds: 43_200,
      region: 'x',
      ...identity,
      clusterId: 'YzEyMy1leGFtcGxl',
      backupPrefix: '',
      ...change,
    });

  it('name bucket, region, endpoint and a prefix with exactly one dash, for at most 12 hours', async () => {
    const before = Math.floor(Date.now() / 1000) * 1000;
    const { code, data } = await ask({ durationSeconds: 99_999_999 });
    expect(code).toBe(200);
    expect(data).toMatchObject({
      cloud: 'aws',
      bucket: 'olares-space',
      region: 'local-1',
      endpoint: fixture.space.url,
    });
    expect(String(data?.['prefix']).split('-')).toEqual([
      identity.userid,
      expect.stringMatching(/^[0-9a-f]{12}$/),
    ]);
    expect(data?.['expiration']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const life = Date.parse(String(data?.['expiration'])) - before;
    expect(life).toBeGreaterThanOrEqual(43_199_000);
    expect(life).toBeLessThanOrEqual(43_210_000);
  });

  it('have the same prefix for the same cluster and another one for another', async () => {
    const prefixes = [await ask(), await ask(), await ask({ clusterId: 'b3RoZXI=' })].map(
      ({ data }) => data?.['prefix'],
    );
    expect(prefixes[0]).toBe(prefixes[1]);
    expect(prefixes[2]).not.toBe(prefixes[0]);
  });

  it('open the data of another cluster of the same owner, and no other', async () => {
    const own = String((await ask()).data?.['prefix']);
    const other = await ask({ clusterId: 'b3RoZXI=', backupPrefix: own.split('-')[1] });
    expect(other.data?.['prefix']).toBe(own);
    expect((await ask({ backupPrefix: 'ab12cd34' })).code).toBe(403);
    expect((await ask({ backupPrefix: '../x' })).code).toBe(403);
  });

  it("are renewed without a token, in the real agent's half-encoded form", async () => {
    const { data } = await ask({ durationSeconds: 60 });
    const body = `ak=${data?.['ak']}&sk=${encodeURIComponent(String(data?.['sk']))}&st=${encodeURIComponent(String(data?.['st']))}&durationSeconds=43200`;
    const renewed = await fixture.post(REFRESH, body, FORM);
    expect(renewed).toMatchObject({
      code: 200,
      data: { prefix: data?.['prefix'], endpoint: fixture.space.url },
    });
    expect(renewed.data?.['ak']).not.toBe(data?.['ak']);
    const spoiled = await fixture.post(REFRESH, body.replace('sk=', 'sk=x'), FORM);
    expect(spoiled).toMatchObject({ code: 506, data: null });
  });

  it.each([
    ['a wrong token', { token: 'wrong' }],
    ['no token', { token: '' }],
    ['another user', { userid: 'did:key:z6MkOther' }],
  ])('are refused with 506 for %s', async (_name, change) => {
    expect(await ask(change)).toMatchObject({ code: 506, data: null });
  });
});

describe('the token', () => {
  it('of one account opens nothing of another one', async () => {
    const bob = fixture.space.createPairingCode('bob@olares.com').code;
    const { token } = (await pairMachine(fixture, bob)).paired;
    const mixed = { userid: identity.userid, token };
    const answers = await Promise.all([
      fixture.call(STS, { ...mixed, cloudName: 'aws', region: '', durationSeconds: 60 }),
      fixture.call('/v1/resource/backup/usage', mixed),
      fixture.call('/v1/resource/backup/region', mixed),
      fixture.call('/v1/resource/backup/stop', { ...mixed, backupId: BACKUP_ID }),
      fixture.call('/v2/user/refresh', mixed),
      fixture.call('/v1/agent/machines', mixed),
      fixture.call('/v1/agent/leave', mixed),
      saveBackup({ token }),
    ]);
    expect(answers.map(({ code }) => code)).toEqual(answers.map(() => 506));
    expect((await fixture.call('/v1/resource/backup/usage', identity)).code).toBe(200);
  });

  it('is replaced, and the old one works ten minutes longer, since the answer may be lost', async () => {
    const { code, data } = await fixture.call('/v2/user/refresh', identity);
    expect(code).toBe(200);
    const usage = (token: string) => fixture.call('/v1/resource/backup/usage', { ...identity, token });
    expect((await usage(String(data?.['token']))).code).toBe(200);
    expect((await usage(identity.token)).code).toBe(200);
    fixture.advance(10 * 60_000 + 1);
    expect((await usage(identity.token)).code).toBe(506);
    expect(Number(data?.['expired'])).toBeGreaterThan(Date.now());
  });

  it('ends with 506', async () => {
    fixture.advance(31 * 24 * 3_600_000);
    expect((await fixture.call('/v1/resource/backup/region', identity)).code).toBe(506);
  });
});

describe('backup reports', () => {
  it('are stored, answered 501 when nothing changed, and stored again when something did', async () => {
    expect((await saveBackup()).code).toBe(200);
    expect((await saveBackup()).code).toBe(501);
    expect((await saveBackup({ name: 'pictures' })).code).toBe(200);
    expect(fixture.space.state.records.backups(account().id)).toMatchObject([
      { backupId: BACKUP_ID, name: 'pictures', createdAt: 1_767_225_600_000 },
    ]);
  });

  it('are marked by a stop, and live again after a later save', async () => {
    await saveBackup();
    expect((await fixture.call('/v1/resource/backup/stop', { ...identity, backupId: BACKUP_ID })).code).toBe(
      200,
    );
    expect(fixture.space.state.records.backup(account().id, BACKUP_ID)?.stoppedAt).not.toBeNull();
    expect((await saveBackup()).code).toBe(200);
    expect(fixture.space.state.records.backup(account().id, BACKUP_ID)?.stoppedAt).toBeNull();
  });

  it.each([
    ['no id', { backupId: '' }],
    ['an id with a slash', { backupId: '../x' }],
    ['a time that is none', { backupTime: 'soon' }],
    ['a time in milliseconds', { backupTime: 1_767_225_600_000 }],
  ])('with %s are refused by name', async (_name, change) => {
    expect((await saveBackup(change)).code).toBe(400);
  });
});

describe('snapshot reports', () => {
  beforeEach(async () => void (await saveBackup()));
  const stored = () =>
    fixture.space.state.records.snapshots(account().id, BACKUP_ID, { limit: 10, offset: 0 });

  it('come without a token; the final one replaces the pending one and its repetition changes nothing', async () => {
    const pending = {
      status: 'Pending',
      type: 'unknown',
      size: '0',
      realSnapshotSize: '0',
      resticSnapshotId: '',
      url: '',
      message: '',
    };
    const codes: number[] = [];
    for (const change of [pending, {}, {}, pending]) {
      codes.push((await fixture.call(SNAPSHOT, snapshotFields(change))).code);
    }
    expect(codes).toEqual([200, 200, 501, 501]);
    expect(stored()).toMatchObject([
      { status: 'Completed', sizeBytes: 123_456_789, storedBytes: 98_765_432 },
    ]);
    const receipts = fixture.space.state.records.receipts().filter(({ status }) => status === 'Completed');
    expect(receipts.map(({ code }) => code)).toEqual([200, 501]);
  });

  it('mean the same encoded, unencoded and as JSON', async () => {
    const fields = snapshotFields();
    const encoded = new URLSearchParams(fields).toString();
    const percent = Object.entries(fields)
      .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
      .join('&');
    const answers = [
      await fixture.call(SNAPSHOT, fields),
      await fixture.post(SNAPSHOT, encoded, FORM),
      await fixture.post(SNAPSHOT, percent, FORM),
      await fixture.post(SNAPSHOT, JSON.stringify(fields), JSON_BODY),
      await fixture.post(`/space${SNAPSHOT}`, encoded, FORM),
    ];
    expect(answers.map(({ code }) => code)).toEqual([200, 501, 501, 501, 501]);
    expect(stored()).toMatchObject([{ message: fields.message, url: fields.url }]);
  });

  it.each([
    ['an unknown user', { userid: 'did:key:z6MkOther' }, 506],
    ['a wrong token that came along', { token: 'wrong' }, 506],
    ['a backup that no machine of the account reported', { backupId: 'b'.repeat(36) }, 403],
    ['an unknown status', { status: 'Great' }, 400],
    ['a negative size', { size: '-1' }, 400],
    ['a short restic id', { resticSnapshotId: 'abc' }, 400],
  ])('of %s are refused', async (_name, change, code) => {
    expect((await fixture.call(SNAPSHOT, snapshotFields(change as Record<string, string>))).code).toBe(code);
    expect(stored()).toEqual([]);
    expect(fixture.space.state.records.backups(account().id)).toHaveLength(1);
  });

  it('of an unknown backup are stored when the token proves who tells', async () => {
    const { backupId, ...fields } = snapshotFields({ backupId: 'b'.repeat(36), token: identity.token });
    expect((await fixture.call(SNAPSHOT, { backupId, ...fields })).code).toBe(200);
  });
});

describe('anything else', () => {
  it.each([
    ['/v1/resource/backup/usage', '{"userid":', JSON_BODY],
    ['/v1/resource/backup/usage', '', {}],
    ['/v1/resource/backup/usage', '%%%&&&===', FORM],
    ['/v1/resource/backup/save', '[1]', JSON_BODY],
    ['/v1/resource/nowhere', 'a=b', FORM],
  ])('to %s with %j is answered with an envelope', async (path, body, headers) => {
    const answer = await fixture.post(path, body, headers);
    expect([400, 404, 506]).toContain(answer.code);
  });
});

describe('test knobs', () => {
  it('lose, refuse and hold answers after the work was done', async () => {
    fixture.faults.add({ on: 'answer:backupSave', action: { do: 'drop' }, times: 1 });
    await expect(saveBackup()).rejects.toThrow('fetch failed');
    expect((await saveBackup()).code).toBe(501);
    fixture.faults.add({ on: 'call:backupSave', action: { do: 'expire' }, times: 1 });
    expect((await saveBackup()).code).toBe(506);
    const hold = fixture.faults.add({ on: 'call:backupSave', action: { do: 'hold' }, times: 1 });
    const waiting = saveBackup({ name: 'held' });
    await expect.poll(() => hold.hits).toBe(1);
    hold.release();
    expect((await waiting).code).toBe(200);
  });
});
