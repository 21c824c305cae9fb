import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CredentialPurpose } from './storage.ts';
import { ACCOUNT, BUCKET, PREFIX, startStorage, type StorageFixture } from './testing/storage-fixture.ts';
import { resticBinary, ResticRunner } from './testing/restic.ts';

let fixture: StorageFixture;
let restic: ResticRunner;
let source: string;
let quotaBytes = Number.POSITIVE_INFINITY;

beforeEach(async () => {
  quotaBytes = Number.POSITIVE_INFINITY;
  fixture = await startStorage({ quotaBytes: () => quotaBytes });
  restic = await ResticRunner.create(resticBinary(process.env));
  source = restic.source;
  await writeFile(path.join(source, 'noise'), randomBytes(3_000_000));
});
afterEach(async () => {
  expect(fixture.errors).toEqual([]);
  await fixture[Symbol.asyncDispose]();
  await restic[Symbol.asyncDispose]();
});

const run = async (purpose: CredentialPurpose, ...args: string[]) =>
  restic.run(
    `http://127.0.0.1:${fixture.port}/${BUCKET}/${PREFIX}/olares-backups/my%20plan-1`,
    await fixture.credentials({ purpose }),
    args,
  );

async function succeed(purpose: CredentialPurpose, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await run(purpose, ...args);
  expect(exitCode, `restic ${args.join(' ')}\n${stdout}${stderr}`).toBe(0);
  return stdout;
}

describe('real restic', () => {
  it('backs up, checks, restores; backup credentials cannot forget, prune credentials can', async () => {
    await succeed('backup', 'init');
    await succeed('backup', 'backup', source);
    await writeFile(path.join(source, 'more'), 'a second snapshot');
    await succeed('backup', 'backup', source);
    await succeed('read', 'check', '--read-data', '--no-lock');
    await succeed('backup', 'restore', `latest:${source}`, '--target', path.join(restic.home, 'target'));
    const [wanted, got] = await Promise.all(
      ['source', 'target'].map((dir) => readFile(path.join(restic.home, dir, 'noise'))),
    );
    expect(wanted?.equals(got ?? Buffer.alloc(0))).toBe(true);

    expect((await run('backup', 'forget', '--keep-last', '1')).exitCode).toBe(3);
    expect(JSON.parse(await succeed('read', 'snapshots', '--json', '--no-lock'))).toHaveLength(2);
    await succeed('prune', 'forget', '--keep-last', '1', '--prune');
    expect(JSON.parse(await succeed('read', 'snapshots', '--json', '--no-lock'))).toHaveLength(1);
    expect(fixture.storage.accountUsage(ACCOUNT)).toEqual(fixture.storage.usage(PREFIX));
  });

  it('goes on after a killed backup: unlock, repair index and backup work with backup credentials', async () => {
    await succeed('backup', 'init');
    await succeed('backup', 'backup', source);
    await writeFile(path.join(source, 'big'), randomBytes(60_000_000));
    const before = fixture.storage.accountUsage(ACCOUNT).bytes;
    const repository = `http://127.0.0.1:${fixture.port}/${BUCKET}/${PREFIX}/olares-backups/my%20plan-1`;
    const killed = restic.start(repository, await fixture.credentials(), [
      'backup',
      '--limit-upload',
      '20000',
      source,
    ]);
    // One whole pack at least.
    const hasPack = () => fixture.storage.accountUsage(ACCOUNT).bytes > before + 10_000_000;
    await vi.waitUntil(hasPack, { timeout: 20_000 });
    killed.child.kill('SIGKILL');
    await killed.done;
    await succeed('backup', 'unlock');
    await succeed('backup', 'repair', 'index');
    const summary = JSON.parse((await succeed('backup', 'backup', '--json', '--quiet', source)).trim()) as {
      data_added: number;
    };
    // What had arrived is not sent again.
    expect(summary.data_added).toBeLessThan(50_000_000);
    await succeed('read', 'check', '--read-data', '--no-lock');
  });

  it('ends in seconds with AccessDenied at the quota, and snapshots and locks still work', async () => {
    await succeed('backup', 'init');
    await succeed('backup', 'backup', '.');
    quotaBytes = fixture.storage.accountUsage(ACCOUNT).bytes + 1_000_000;
    const other = path.join(restic.home, 'other');
    await mkdir(other);
    await writeFile(path.join(other, 'too-much'), randomBytes(40_000_000));
    const started = performance.now();
    const refused = await run('backup', 'backup', other);
    expect(performance.now() - started).toBeLessThan(15_000);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain('quota exceeded');
    expect(fixture.storage.accountUsage(ACCOUNT).bytes).toBeLessThanOrEqual(quotaBytes);
    expect(JSON.parse(await succeed('backup', 'snapshots', '--json'))).toHaveLength(1);
    // Everything is already there: only a snapshot and a lock are written.
    quotaBytes = 0;
    await succeed('backup', 'backup', '.');
    await succeed('prune', 'forget', '--keep-last', '1', '--group-by', '');
  });
});
