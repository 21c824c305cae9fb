import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Job, LocationTest, Snapshot } from '../../contract/index.ts';
import { openSpace } from '../../space/server.ts';
import { readClusterSettings, type ClusterSettings } from '../../space/storage/cluster/settings.ts';
import { CLUSTER_BUCKET, ROLE, TestCluster } from '../../space/storage/testing/cluster-fixture.ts';
import { TestSystem } from '../harness/system.ts';
import { MOTO, sayMissing, startMoto } from '../harness/test-servers.ts';

sayMissing({ moto: MOTO });

/** A paired agent whose Space keeps its objects in that cluster. */
async function startOn(cluster: (system: TestSystem) => ClusterSettings) {
  const system = new TestSystem({});
  const dataDir = join(system.dir, 'space');
  system.space = await openSpace({ dataDir, clock: Date.now, cluster: cluster(system) });
  await system.startDaemon();
  const { code } = system.space.createPairingCode('alice@olares.com');
  await system.done(['login', '--space', system.space.url, '--code', code]);
  const source = system.folder('source');
  const content = randomBytes(2_000_000);
  writeFileSync(join(source, 'noise'), content);
  return { system, source, content, [Symbol.asyncDispose]: () => system[Symbol.asyncDispose]() };
}

test('an agent backs up to a cluster behind a Space, with keys that may do no more than they need', async () => {
  await using cluster = await TestCluster.start();
  // Another name than the Space's, so that the agent has to have pinned it.
  const settings = cluster.settings({ 's3-endpoint': cluster.url.replace('127.0.0.1', 'localhost') });
  await using started = await startOn(() => settings);
  const { system, source } = started;
  const plan = await system.addPlan('photos & more', [source]);
  expect(plan.repository?.address).toContain(`s3:${settings.endpoint}/${CLUSTER_BUCKET}/did:key:`);
  expect(await system.json<Job>(['backup', plan.name])).toMatchObject({ state: 'succeeded' });
  const next = system.file('next', 'an entirely different phrase of words 77\n');
  await system.done(['key', 'change-password', plan.name, '--password-file', next, '--yes']);
  expect(cluster.policies.filter((policy) => policy.includes('/keys/'))).not.toEqual([]);
});

test.skipIf(MOTO === undefined)('and restores from one of another maker, by keys of its STS', async () => {
  await using moto = await startMoto();
  const url = `http://localhost:${moto.port}`;
  await fetch(`${url}/ours`, { method: 'PUT' });
  await using started = await startOn((system) =>
    readClusterSettings({
      's3-endpoint': url,
      's3-region': 'us-east-1',
      's3-bucket': 'ours',
      's3-role-arn': ROLE,
      's3-credentials-file': system.file('s3', 'aws_access_key_id=a\naws_secret_access_key=b\n'),
    }),
  );
  const { system, source, content } = started;
  const plan = await system.addPlan('photos', [source]);
  expect(plan.repository?.address).toContain(`s3:${url}/ours/did:key:`);
  expect(await system.json<Job>(['backup', plan.name])).toMatchObject({ state: 'succeeded' });
  expect(await system.json<Snapshot[]>(['snapshot', 'list', plan.name])).toHaveLength(1);
  const { steps } = await system.json<LocationTest>(['plan', 'test', plan.name]);
  expect(steps.map(({ level }) => level)).not.toContain('error');
  const target = join(system.dir, 'back');
  const restore = ['restore', 'latest', '--plan', plan.name, '--target', target, '--yes'];
  await system.done([...restore, '--password-file', system.passwordFile]);
  expect(readFileSync(join(target, 'noise')).equals(content)).toBe(true);
});
