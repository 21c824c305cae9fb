import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Job } from '../../contract/index.ts';
import { compareTrees } from '../../scripts/start/compare-trees.mjs';
import { makeHostileTree } from '../harness/hostile-tree.ts';
import { TestSystem } from '../harness/system.ts';

test('all that a file system can hold comes back from Space bit for bit', { timeout: 600_000 }, async () => {
  await using system = await TestSystem.paired();
  const source = system.folder('source');
  const missing = makeHostileTree(source);
  if (missing.length > 0) process.stderr.write(`this machine cannot make: ${missing.join(', ')}\n`);
  const plan = await system.addPlan('everything', [source]);

  const backup = await system.json<Job>(['backup', plan.name]);
  expect(backup).toMatchObject({ state: 'succeeded', result: { kind: 'backup', skipped: { count: 0 } } });

  const target = join(system.dir, 'restored');
  const restore = await system.json<Job>([
    'restore',
    'latest',
    '--plan',
    plan.name,
    '--target',
    target,
    '--yes',
    '--password-file',
    system.passwordFile,
  ]);
  expect(restore.state).toBe('succeeded');
  const { entries, differences } = await compareTrees(source, target);
  expect(differences).toEqual([]);
  expect(entries).toBeGreaterThan(340);
  // The hole is a hole again: 1 GiB of zeros would fill a disk that had room for the source.
  expect(statSync(join(target, 'hole')).blocks * 512).toBeLessThan(64 * 1024 ** 2);
});
