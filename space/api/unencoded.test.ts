import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pairMachine } from '../testing/agent.ts';
import { startTestSpace, type Answer, type TestSpace } from '../testing/fixture.ts';
import { RECORDED_QUESTIONS, RECORDED_REPORTS, type RecordedRequest } from './recorded-requests.ts';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const BACKUP_ID = '0b0e6c1e-0000-4000-8000-000000000001';

let fixture: TestSpace;
let identity: { userid: string; token: string };
beforeAll(async () => {
  fixture = await startTestSpace();
  const { paired } = await pairMachine(fixture);
  identity = { userid: paired.userid, token: paired.token };
  // The plan's own report is JSON in the real agent too.
  const plan = {
    ...identity,
    backupId: BACKUP_ID,
    name: 'my photos & more',
    backupType: 1,
    backupTime: 1_767_225_600,
  };
  const body = JSON.stringify({ ...plan, backupPath: '/Files/Home/a+b & c/', backupLocation: 'space' });
  await fixture.post('/v1/resource/backup/save', body, { 'content-type': 'application/json' });
});
afterAll(async () => {
  await fixture[Symbol.asyncDispose]();
});

type Filling = Readonly<Record<string, string>>;
const filled = (text: string, filling: Filling): string =>
  text.replace(/\{(userid|token|backupId|snapshotId)\}/g, (_all, name: string) => filling[name] ?? '');
const sendRaw = (request: RecordedRequest, filling: Filling): Promise<Answer> =>
  fixture.post(request.path, filled(request.body, filling), FORM);
const sendEncoded = ({ path, fields }: RecordedRequest, filling: Filling): Promise<Answer> => {
  const values = Object.entries(fields).map(([name, value]): [string, string] => [
    name,
    filled(value, filling),
  ]);
  return fixture.post(path, new URLSearchParams(values).toString(), FORM);
};
const recordOf = (snapshotId: string): object | undefined => {
  const [account] = fixture.space.state.accounts.list();
  const all = fixture.space.state.records.snapshots(account?.id ?? '', BACKUP_ID, { limit: 1000, offset: 0 });
  const found = all.find((row) => row.snapshotId === snapshotId);
  return found && { ...found, snapshotId: '' };
};

describe("today's agents of Olares, which encode nothing,", () => {
  it.each(RECORDED_REPORTS.map((request, index) => [request.name, request, index] as const))(
    'make the same record of %s',
    async (_name, request, index) => {
      const raw = `11111111-0000-4000-8000-00000000000${index}`;
      const encoded = `22222222-0000-4000-8000-00000000000${index}`;
      const filling = { ...identity, backupId: BACKUP_ID };
      expect((await sendRaw(request, { ...filling, snapshotId: raw })).code).toBe(200);
      expect((await sendEncoded(request, { ...filling, snapshotId: encoded })).code).toBe(200);
      const { status = '', message = '', url = '', size } = request.fields;
      const told = { status, message, url: filled(url, filling), sizeBytes: Number(size) };
      expect(recordOf(raw)).toMatchObject(told);
      expect(recordOf(raw)).toEqual(recordOf(encoded));
      // Told again it is known.
      expect((await sendRaw(request, { ...filling, snapshotId: encoded })).code).toBe(501);
    },
  );

  it.each(RECORDED_QUESTIONS.map((request) => [request.name, request] as const))(
    'get the same answer when they ask for %s',
    async (_name, request) => {
      const filling = { ...identity, backupId: BACKUP_ID };
      const [raw, encoded] = [await sendRaw(request, filling), await sendEncoded(request, filling)];
      expect(raw.code).toBe(200);
      expect(shapeOf(raw)).toEqual(shapeOf(encoded));
    },
  );

  it('get new storage keys for old ones, of which they encode two fields', async () => {
    const [sts] = RECORDED_QUESTIONS as [RecordedRequest];
    const { data } = await sendRaw(sts, identity);
    const [sk, st] = [data?.['sk'], data?.['st']].map((value) => encodeURIComponent(String(value)));
    const body = `ak=${data?.['ak']}&sk=${sk}&st=${st}&durationSeconds=43200`;
    const renewed = await fixture.post('/v1/resource/stsToken/backup/refresh', body, FORM);
    expect(renewed).toMatchObject({ code: 200, data: { prefix: data?.['prefix'] } });
  });
});

/** Keys and times differ from answer to answer. */
function shapeOf({ code, data }: Answer): unknown {
  if (data === null || !('ak' in data)) return { code, data };
  const { ak: _ak, sk: _sk, st: _st, expiration: _expiration, ...rest } = data;
  return { code, rest };
}
