import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clusterSuffix } from './state/accounts.ts';
import { CLUSTER_BUCKET, CLUSTER_REGION, TestCluster } from './storage/testing/cluster-fixture.ts';
import { pairMachine } from './testing/agent.ts';
import { startTestSpace, type TestSpace } from './testing/fixture.ts';

const STS = '/v1/resource/stsToken/backup';
const REFRESH = '/v1/resource/stsToken/backup/refresh';
const USAGE = '/v1/resource/backup/usage';

let cluster: TestCluster;
let fixture: TestSpace;
let identity: { userid: string; token: string };

beforeEach(async () => {
  cluster = await TestCluster.start();
  fixture = await startTestSpace({ cluster: cluster.settings() });
  const { paired } = await pairMachine(fixture);
  identity = { userid: paired.userid, token: paired.token };
});
afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

describe('a Space on a cluster of others', () => {
  it('answers with keys of the cluster and where it is, renews them, and knows the usage', async () => {
    const { data } = await fixture.call(STS, { ...identity, durationSeconds: 43_200, clusterId: 'eA==' });
    expect(data).toMatchObject({
      cloud: 'aws',
      region: CLUSTER_REGION,
      bucket: CLUSTER_BUCKET,
      prefix: `${identity.userid}-${clusterSuffix('x')}`,
      endpoint: cluster.url,
      ak: expect.stringMatching(/^ASIA/),
    });
    const [ak, sk, st] = ['ak', 'sk', 'st'].map((name) => encodeURIComponent(String(data?.[name])));
    const renewed = await fixture.call(REFRESH, { ak: ak!, sk: sk!, st: st!, durationSeconds: 900 });
    expect(renewed).toMatchObject({ code: 200, data: { prefix: data?.['prefix'] } });
    expect(renewed.data?.['ak']).not.toBe(data?.['ak']);
    const wrong = await fixture.call(REFRESH, { ak: ak!, sk: 'x', st: st!, durationSeconds: 900 });
    expect(wrong.code).toBe(506);
    expect(await fixture.call(USAGE, identity)).toMatchObject({
      code: 200,
      data: { usageSize: 0, canBackup: true },
    });
  });

  it('says that it has no keys at the moment, and nothing of why, while the cluster fails', async () => {
    cluster.fault = { status: 403, code: 'InvalidAccessKeyId' };
    expect(await fixture.call(STS, identity)).toEqual({
      code: 500,
      message: 'the storage of this Space gives no keys at the moment',
      data: null,
    });
    cluster.fault = undefined;
    expect((await fixture.call(STS, identity)).code).toBe(200);
  });

  it('gives no object itself', async () => {
    const answer = await fetch(`${fixture.space.url}/olares-space/x`, {
      headers: { authorization: 'AWS4-HMAC-SHA256 x' },
    });
    expect(answer.status).toBe(404);
  });

  it('names the host of the cluster to a machine that is paired, unless it is its own', async () => {
    expect((await pairMachine(fixture)).paired.storageHost).toBeUndefined();
    const elsewhere = cluster.settings({ 's3-endpoint': cluster.url.replace('127.0.0.1', 'localhost') });
    await fixture.restart({ cluster: elsewhere, storageMoved: true });
    expect((await pairMachine(fixture)).paired.storageHost).toBe(`localhost:${new URL(cluster.url).port}`);
  });

  it('starts while the cluster is away, and not where it refuses', async () => {
    cluster.fault = { status: 503, code: 'SlowDown' };
    await fixture.restart();
    cluster.fault = { status: 403, code: 'InvalidAccessKeyId' };
    await expect(fixture.restart()).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('403 InvalidAccessKeyId'),
    });
  });
});

describe('a Space whose storage changes', () => {
  it('does not start where its objects are not, unless they were moved', async () => {
    await using disk = await startTestSpace();
    const settings = cluster.settings();
    // Without any object it does not matter.
    await disk.restart({ cluster: settings });
    await disk.restart();
    const { paired } = await pairMachine(disk);
    expect((await disk.call(STS, { userid: paired.userid, token: paired.token })).code).toBe(200);
    await expect(disk.restart({ cluster: settings })).rejects.toMatchObject({
      code: 'conflict',
      message: `the objects of this Space are kept in "disk", not in "s3 ${cluster.url}/${CLUSTER_BUCKET}"`,
    });
    await disk.restart({ cluster: settings, storageMoved: true });
    await disk.restart({ cluster: settings });
    await expect(disk.restart()).rejects.toMatchObject({ code: 'conflict' });
  });
});
