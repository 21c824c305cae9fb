import { once } from 'node:events';
import { createServer } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WIRE_PATHS, type Plan } from '../../contract/index.ts';
import { silentLog } from '../base/log.ts';
import { createHealth } from '../health/create-health.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { createSpaceSession, type SpaceSession } from './account.ts';
import { openIdentityFile } from './identity.ts';
import { createSpaceStorage } from './storage.ts';
import type { SpaceStorage } from './space-types.ts';

const HOUR_MS = 3_600_000;
const ID = '0b0e6c1e-0000-4000-8000-000000000001';
const DID = 'did:key:z6MkExample';
const plan = (location: Partial<Extract<Plan['location'], { kind: 'space' }>> = {}): Plan =>
  ({ id: ID, name: 'photos', location: { kind: 'space', ...location } }) as Plan;

let now = 0;
let spaceAheadMs = 0;
let asked: { path: string; form: URLSearchParams }[] = [];
let answers: Partial<Record<string, object>> = {};
let issued = 0;
let dir = '';
let store: Store;
let session: SpaceSession;
let storage: SpaceStorage;
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    asked.push({ path: request.url ?? '', form: new URLSearchParams(body) });
    response.setHeader('date', new Date(now + spaceAheadMs).toUTCString());
    response.end(JSON.stringify(answers[request.url ?? ''] ?? { code: 200, data: keys() }));
  });
});

const keys = (change: object = {}) => ({
  cloud: 'aws',
  region: 'us-west-2',
  bucket: 'bucket',
  prefix: `${DID}-ab12cd34`,
  ak: `AK${(issued += 1)}`.padEnd(8, 'X'),
  sk: 'secret',
  st: 'session/+=',
  expiration: new Date(now + HOUR_MS).toISOString(),
  ...change,
});
const paths = () => asked.map(({ path }) => path);

beforeEach(async () => {
  now = Date.UTC(2026, 10, 20, 12);
  [asked, answers, issued, spaceAheadMs] = [[], {}, 0, 0];
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  dir = mkdtempSync(join(tmpdir(), 'sts-'));
  const clock = { now: () => now, monotonic: () => now };
  store = openStore({ path: join(dir, 'agent.db'), clock, log: silentLog });
  const file = openIdentityFile(join(dir, 'space.json'));
  const spaceUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  file.set({ spaceUrl, userid: DID, token: 'TOK', tokenExpiresAt: 0, clusterId: 'c123' });
  const health = createHealth({ store, clock });
  session = createSpaceSession({
    file,
    store,
    health,
    clock,
    log: silentLog,
    machineName: 'm',
    version: '1',
  });
  storage = createSpaceStorage({ session, clock });
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  store.close();
  rmSync(dir, { recursive: true });
});

describe('storage keys', () => {
  it('are asked for once for the address of a plan and its keys', async () => {
    const { address } = await storage.access(plan());
    expect(address).toBe(
      `s3:https://s3.us-west-2.amazonaws.com/bucket/${DID}-ab12cd34/olares-backups/photos-${ID}`,
    );
    expect((await storage.credentials({ location: plan().location, purpose: 'backup' })).accessKeyId).toBe(
      'AK1XXXXX',
    );
    expect(paths()).toEqual([WIRE_PATHS.stsToken]);
    expect(Object.fromEntries(asked[0]?.form ?? [])).toEqual({
      cloudName: 'aws',
      durationSeconds: '43200',
      region: '',
      token: 'TOK',
      userid: DID,
      clusterId: Buffer.from('c123').toString('base64'),
      backupPrefix: '',
    });
  });

  it('are renewed by the old keys alone while something runs, at 80 % of their life', async () => {
    await storage.access(plan());
    now += HOUR_MS * 0.79;
    await storage.credentials();
    now += HOUR_MS * 0.02;
    expect((await storage.credentials()).accessKeyId).toBe('AK2XXXXX');
    expect(paths()).toEqual([WIRE_PATHS.stsToken, WIRE_PATHS.stsRefresh]);
    expect(Object.fromEntries(asked[1]?.form ?? [])).toEqual({
      ak: 'AK1XXXXX',
      sk: 'secret',
      st: 'session/+=',
      durationSeconds: '43200',
    });
  });

  it.each([
    ['refused', { code: 506, data: null }],
    ['answered with nothing', { code: 200, data: null }],
    ['answered with another place', { code: 200, data: { ...keys(), bucket: 'elsewhere' } }],
  ])(
    'are asked for by the token when their renewal is %s, and the sign-in stays good',
    async (_how, answer) => {
      await storage.access(plan());
      now += HOUR_MS;
      answers[WIRE_PATHS.stsRefresh] = answer;
      expect((await storage.credentials()).accessKeyId).toBe('AK2XXXXX');
      expect(paths()).toEqual([WIRE_PATHS.stsToken, WIRE_PATHS.stsRefresh, WIRE_PATHS.stsToken]);
      expect(session.account()?.state).toBe('signed-in');
    },
  );

  it('outlive a refused token for what runs; nothing new begins, and Space is not asked in vain', async () => {
    await storage.access(plan());
    answers[WIRE_PATHS.usage] = { code: 506, data: null };
    await expect(storage.usage()).rejects.toMatchObject({ code: 'not_signed_in' });
    now += HOUR_MS;
    expect((await storage.credentials()).accessKeyId).toBe('AK2XXXXX');
    await expect(storage.access(plan())).rejects.toMatchObject({ code: 'not_signed_in' });
    await expect(storage.usage()).rejects.toMatchObject({ code: 'not_signed_in' });
    expect(paths()).toEqual([WIRE_PATHS.stsToken, WIRE_PATHS.usage, WIRE_PATHS.stsRefresh]);
  });

  it('are forgotten by signing out', async () => {
    await storage.access(plan());
    await session.logout();
    await expect(storage.credentials()).rejects.toMatchObject({ code: 'not_signed_in' });
    expect(paths()).toEqual([WIRE_PATHS.stsToken]);
  });

  it("of Tencent's cloud are for the region of the plan, with restic's two options", async () => {
    answers[WIRE_PATHS.stsToken] = { code: 200, data: keys({ cloud: 'tencentcloud', region: 'ap-other' }) };
    const location = { cloudName: 'TencentCloud', regionId: 'ap-Seoul' };
    const { address, options } = await storage.access(plan(location));
    expect(address).toContain('s3:https://cos.ap-seoul.myqcloud.com/bucket/');
    expect(options).toEqual({ 's3.bucket-lookup': 'dns', 's3.region': 'ap-seoul' });
    await storage.credentials({ location: plan(location).location });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.form.get('cloudName')).toBe('tencentcloud');
  });

  it("of another installation's repository are asked for by the suffix of its prefix", async () => {
    answers[WIRE_PATHS.stsToken] = {
      code: 200,
      data: keys({ cloud: 'tencentcloud', region: 'ap-seoul', prefix: `${DID}-ffff` }),
    };
    const address = `s3:https://cos.ap-seoul.myqcloud.com/bucket/${DID}-ffff/olares-backups/photos-${ID}`;
    const url = { address, suffix: 'ffff', region: 'ap-seoul' };
    expect((await storage.accessByUrl(url)).address).toBe(address);
    await storage.credentials({ url });
    expect(asked).toHaveLength(1);
    const { cloudName, region, backupPrefix } = Object.fromEntries(asked[0]?.form ?? []);
    expect({ cloudName, region, backupPrefix }).toEqual({
      cloudName: 'tencentcloud',
      region: 'ap-seoul',
      backupPrefix: 'ffff',
    });
  });
});

describe('the end of their life', () => {
  const IN_AN_HOUR = Date.UTC(2026, 10, 20, 13);
  it.each<[string, string | number, number]>([
    ['RFC 3339', '2026-11-20T13:00:00Z', IN_AN_HOUR],
    ['RFC 3339 of another zone', '2026-11-20T14:00:00+01:00', IN_AN_HOUR],
    ['seconds', IN_AN_HOUR / 1000, IN_AN_HOUR],
    ['seconds as text', String(IN_AN_HOUR / 1000), IN_AN_HOUR],
    ['milliseconds', IN_AN_HOUR, IN_AN_HOUR],
    ['milliseconds as text', String(IN_AN_HOUR), IN_AN_HOUR],
    ['nothing readable', 'soon', Date.UTC(2026, 10, 21, 0)],
    ['nothing', '', Date.UTC(2026, 10, 21, 0)],
    ['later than was asked for', '2099-01-01T00:00:00Z', Date.UTC(2026, 10, 21, 0)],
  ])('is read from %s', async (_form, expiration, expiresAt) => {
    answers[WIRE_PATHS.stsToken] = { code: 200, data: keys({ expiration }) };
    expect((await storage.credentials()).expiresAt).toBe(expiresAt);
  });

  it.each([-7 * 60_000, 7 * 60_000])("is told by our clock when Space's is %i ms off", async (offMs) => {
    const spaceSays = new Date(now + HOUR_MS + offMs).toISOString();
    answers[WIRE_PATHS.stsToken] = { code: 200, data: keys({ expiration: spaceSays }) };
    spaceAheadMs = offMs;
    const { expiresAt } = await storage.credentials();
    expect(Math.abs(expiresAt - (now + HOUR_MS))).toBeLessThan(1_000);
  });
});
