import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Job } from '../../contract/index.ts';
import { openSpace } from '../../space/server.ts';
import { CLUSTER_BUCKET, TestCluster } from '../../space/storage/testing/cluster-fixture.ts';
import { PASSWORD, TestSystem } from '../harness/system.ts';

test('an agent backs up to a cluster behind a Space and restores from it', async () => {
  await using cluster = await TestCluster.start();
  // Another name than the Space's, so that the agent has to have pinned it.
  const settings = cluster.settings({ 's3-endpoint': cluster.url.replace('127.0.0.1', 'localhost') });
  await using system = new TestSystem({});
  system.space = await openSpace({ dataDir: join(system.dir, 'space'), clock: Date.now, cluster: settings });
  await system.startDaemon();
  const { code } = system.space.createPairingCode('alice@olares.com');
  await system.done(['login', '--space', system.space.url, '--code', code]);

  const source = system.folder('source');
  const content = randomBytes(2_000_000);
  writeFileSync(join(source, 'noise'), content);
  const plan = await system.addPlan('photos & more', [source]);
  expect(plan.repository?.address).toContain(`s3:${settings.endpoint}/${CLUSTER_BUCKET}/did:key:`);
  expect(await system.json<Job>(['backup', plan.name])).toMatchObject({ state: 'succeeded' });
  const target = join(system.dir, 'back');
  const restore = ['restore', 'latest', '--plan', plan.name, '--target', target, '--yes'];
  await system.done([...restore, '--password-file', system.file('typed', `${PASSWORD}\n`)]);
  expect(readFileSync(join(target, 'noise')).equals(content)).toBe(true);

  const next = system.file('next', 'an entirely different phrase of words 77\n');
  await system.done(['key', 'change-password', plan.name, '--password-file', next, '--yes']);
  expect(cluster.policies.filter((policy) => policy.includes('/keys/'))).not.toEqual([]);
});
