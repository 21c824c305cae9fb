import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError, type RestoreChoice } from '../../contract/index.ts';
import type { FakeDaemon } from '../test-support/fake-daemon.ts';
import { buildProgram, runProgram, type BuiltProgram, type RunOptions } from '../test-support/program.ts';
import { JOB_ID, restoreResult, sampleJob, samplePreview, sampleRequest } from '../test-support/samples.ts';
import { RIGHT, startRestorable } from './restorable.fixture.ts';

const BACKUP_ID = '7b1c2d3e-0000-4000-8000-00000000000b';

let program: BuiltProgram;
let folder: string;
let passwordFile: string;
beforeAll(() => {
  program = buildProgram();
  folder = mkdtempSync(join(tmpdir(), 'olares-cli-restore-'));
  passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, `${RIGHT}\n`, { mode: 0o600 });
});
afterAll(() => {
  program[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

const run = (daemon: FakeDaemon, args: string[], options?: RunOptions) =>
  runProgram(program.file, ['restore', ...args, '--state-dir', daemon.stateDir], options);

const routesOf = (daemon: FakeDaemon) => daemon.received.map(({ route }) => route);

describe('restore without a terminal', () => {
  it('answers a request by its code and hands the password to the helper only', async () => {
    await using daemon = await startRestorable();
    const { code, stdout, stderr } = await run(daemon, ['7f3k', '--password-file', passwordFile]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toContain('Restored 1,234 files');
    expect(stdout).toContain('/home/me/Photos-restored');
    expect(stderr).toContain('text from Space: "please restore"');
    expect(stderr).toContain('2 newer snapshots exist');
    expect(daemon.secrets).toEqual([{ password: RIGHT }]);
    expect(JSON.stringify(daemon.received)).not.toContain(RIGHT);
  });

  it.each([
    ['--password-stdin', ['--password-stdin'], `${RIGHT}\n`],
    ['--password-fd', ['--password-fd', '0'], RIGHT],
  ])('takes the password by %s', async (_name, flags, input) => {
    await using daemon = await startRestorable();
    const { code } = await run(daemon, ['7F3K', ...flags], { input });
    expect(code).toBe(0);
    expect(daemon.secrets).toEqual([{ password: RIGHT }]);
  });

  it('ends with 12 after a wrong password, with the tries that are left', async () => {
    await using daemon = await startRestorable();
    const { code, stderr } = await run(daemon, ['7F3K', '--password-stdin'], { input: 'wrong' });
    expect(code).toBe(12);
    expect(stderr).toContain('Wrong password. Nothing was downloaded or changed. 4 tries left.');
    expect(stderr).toContain('2026-11-16 08:00 UTC');
  });

  it('ends with 75 and the seconds when there were too many wrong ones', async () => {
    await using daemon = await startRestorable();
    daemon.answer(
      'verifyRequest',
      new AppError('try_later', 'too many wrong passwords', { retryAfterMs: 29_100 }),
    );
    const { code, stderr } = await run(daemon, ['7F3K', '--password-file', passwordFile]);
    expect(code).toBe(75);
    expect(stderr).toContain('try again in 30 seconds');
  });

  it('names the flags when there is no password', async () => {
    await using daemon = await startRestorable();
    const { code, stderr } = await run(daemon, ['7F3K']);
    expect(code).toBe(2);
    expect(stderr).toContain('--password-file FILE, --password-stdin or --password-fd N');
    expect(routesOf(daemon)).not.toContain('verifyRequest');
  });

  it('makes a request for a snapshot and withdraws it when it comes to nothing', async () => {
    await using daemon = await startRestorable();
    const { code } = await run(daemon, ['latest', '--password-stdin'], { input: 'wrong' });
    expect(code).toBe(12);
    expect(daemon.bodiesOf('createRequest')).toEqual([{ snapshot: 'latest', plan: 'photos' }]);
    expect(routesOf(daemon)).toContain('declineRequest');
  });

  it('shows what a dry run would do and asks for no password', async () => {
    await using daemon = await startRestorable();
    const { code, stdout } = await run(daemon, ['fe12ab34', '--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toContain('nothing was downloaded or changed');
    expect(daemon.bodiesOf('createRequest')).toEqual([{ snapshot: 'fe12ab34' }]);
    expect(routesOf(daemon).slice(-2)).toEqual(['previewRequest', 'declineRequest']);
  });

  it('takes a Backup URL', async () => {
    await using daemon = await startRestorable();
    const url = Buffer.from('https://s3.example/b/did:key:z6Mk-x/olares-backups/a-b?snapshotId=1').toString(
      'base64',
    );
    await run(daemon, [url, '--dry-run']);
    expect(daemon.bodiesOf('createRequest')).toEqual([{ backupUrl: url }]);
  });

  it('makes a relative target absolute and refuses a relative include', async () => {
    await using daemon = await startRestorable();
    await run(daemon, ['7F3K', '--dry-run', '--target', 'here'], { cwd: folder });
    expect(daemon.bodiesOf('previewRequest')).toEqual([{ target: join(folder, 'here') }]);
    const { code, stderr } = await run(daemon, ['7F3K', '--include', 'letters']);
    expect(code).toBe(2);
    expect(stderr).toContain('"letters" is not an absolute path');
  });

  it('restores in place only with --yes', async () => {
    await using daemon = await startRestorable();
    const refused = await run(daemon, ['7F3K', '--in-place', '--password-file', passwordFile]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('add --yes');
    expect(daemon.secrets).toEqual([]);
    const done = await run(daemon, ['7F3K', '--in-place', '--yes', '--password-file', passwordFile]);
    expect(done.code).toBe(0);
    expect(daemon.bodiesOf('verifyRequest')).toEqual([{ inPlace: true }]);
  });

  it.each([
    ['goes on after the snapshot that was to be taken first', sampleJob({ state: 'succeeded' }), 0],
    ['stops when the snapshot that was to be first failed', sampleJob({ state: 'failed' }), 1],
    ['stops when it was cancelled', sampleJob({ state: 'cancelled' }), 130],
  ])('%s', async (_what, backup, wanted) => {
    await using daemon = await startRestorable();
    daemon.answer('listJobs', []);
    daemon.answer('backupPlan', { ...backup, id: BACKUP_ID, state: 'queued' });
    const restored = sampleJob({ kind: 'restore', state: 'succeeded', result: restoreResult() });
    daemon.answer('getJob', ({ params }) =>
      params['job'] === BACKUP_ID ? { ...backup, id: BACKUP_ID } : restored,
    );
    daemon.answer('previewRequest', samplePreview({ inPlace: true, targetExists: true }));
    const flags = ['--in-place', '--snapshot-first', '--yes', '--password-file', passwordFile];
    const { code, stderr } = await run(daemon, ['7F3K', ...flags]);
    expect(code, stderr).toBe(wanted);
    expect(daemon.secrets).toHaveLength(wanted === 0 ? 1 : 0);
    expect(stderr.includes('nothing was restored')).toBe(wanted !== 0);
  });

  it('begins with what was chosen before, but replaces files only when that is said again', async () => {
    const choice: RestoreChoice = { inPlace: true, conflict: 'different', include: ['/home/me/a'] };
    await using daemon = await startRestorable(sampleRequest({ choice }));
    const flags = ['7F3K', '--yes', '--password-file', passwordFile];
    const refused = await run(daemon, flags);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('add --in-place --conflict different');
    expect(daemon.secrets).toEqual([]);
    await run(daemon, [...flags, '--include', '/home/me/b', '--target', '/tmp/t']);
    expect(daemon.bodiesOf('verifyRequest')).toEqual([{ include: ['/home/me/b'], target: '/tmp/t' }]);
  });

  it('ends with 14 before the password when there is no room', async () => {
    await using daemon = await startRestorable();
    daemon.answer('previewRequest', samplePreview({ fits: false, freeBytes: 10 }));
    const { code, stderr } = await run(daemon, ['7F3K', '--password-file', passwordFile]);
    expect(code).toBe(14);
    expect(stderr).toContain('nothing was changed');
    expect(daemon.secrets).toEqual([]);
  });

  it.each(['expired', 'declined', 'done'] as const)(
    'ends with 17 for a request that is %s',
    async (state) => {
      await using daemon = await startRestorable(sampleRequest({ state }));
      const { code, stderr } = await run(daemon, ['7F3K', '--password-file', passwordFile]);
      expect(code).toBe(17);
      expect(stderr).toContain(`is ${state}`);
    },
  );

  it('joins a restore that has begun', async () => {
    await using daemon = await startRestorable(sampleRequest({ state: 'restoring', jobId: JOB_ID }));
    const { code, stdout } = await run(daemon, ['7F3K']);
    expect(code).toBe(0);
    expect(stdout).toContain('Restored 1,234 files');
  });

  it('refuses a password file that others can read', async () => {
    await using daemon = await startRestorable();
    const open = join(folder, 'open');
    writeFileSync(open, RIGHT, { mode: 0o644 });
    const { code, stderr } = await run(daemon, ['7F3K', '--password-file', open]);
    expect(code).toBe(2);
    expect(stderr).toContain(`chmod 600 ${open}`);
  });

  it.each([
    ['7F3K', 'a code is valid for 24 hours'],
    ['12ab', 'a code has no 1'],
  ])('ends with 17 for %s, which may be a code but is not known', async (what, hint) => {
    await using daemon = await startRestorable();
    const unknown = new AppError('not_found', 'there is no such thing');
    daemon.answer('getRequest', () => unknown);
    daemon.answer('createRequest', () => unknown);
    const { code, stderr } = await run(daemon, [what, '--password-file', passwordFile]);
    expect(code).toBe(17);
    expect(stderr).toContain(`under the code "${what.toUpperCase()}"`);
    expect(stderr).toContain(hint);
  });

  it('hands on what becomes of files that are there', async () => {
    await using daemon = await startRestorable();
    const flags = ['--in-place', '--conflict', 'different', '--delete-extra', '--include', '/home/me/a/'];
    await run(daemon, ['7F3K', ...flags, '--yes', '--password-file', passwordFile]);
    const choice = { inPlace: true, include: ['/home/me/a'], conflict: 'different', deleteExtra: true };
    expect(daemon.bodiesOf('verifyRequest')).toEqual([choice]);
    const { code, stderr } = await run(daemon, ['7F3K', '--conflict', 'overwrite']);
    expect(code).toBe(2);
    expect(stderr).toContain('keep, different, replace, rename');
  });

  it('deletes what only the target has with --yes only', async () => {
    await using daemon = await startRestorable();
    daemon.answer('previewRequest', samplePreview({ inPlace: true, filesExtra: 3, deletesExtra: true }));
    const flags = ['--in-place', '--delete-extra', '--password-file', passwordFile];
    const { code, stderr } = await run(daemon, ['7F3K', ...flags]);
    expect(code).toBe(2);
    expect(stderr).toContain('deleting what the snapshot does not have needs a yes');
    expect(daemon.secrets).toEqual([]);
  });

  it('does not wait for the end with --detach', async () => {
    await using daemon = await startRestorable();
    daemon.answer('getJob', sampleJob({ kind: 'restore', state: 'running' }));
    const { code, stdout } = await run(daemon, ['7F3K', '--detach', '--password-file', passwordFile]);
    expect(code).toBe(0);
    expect(stdout).toContain(`olares-backup job watch ${JOB_ID}`);
  });

  it('asks for what to restore when nothing is named', async () => {
    await using daemon = await startRestorable();
    const { code, stderr } = await run(daemon, []);
    expect(code).toBe(2);
    expect(stderr).toContain('`latest` with --plan NAME');
  });
});

describe('the check of a password', () => {
  it('waits for the helper of the one before to be gone', async () => {
    await using daemon = await startRestorable();
    const channel = await daemon.secretChannel(() => undefined, 4);
    let calls = 0;
    daemon.answer('verifyRequest', () => {
      calls += 1;
      return calls <= 2 ? new AppError('conflict', 'another password is being checked') : channel;
    });
    daemon.answer('getRequest', () => sampleRequest(calls > 2 ? { jobId: JOB_ID, state: 'restoring' } : {}));
    const { code } = await run(daemon, ['7F3K', '--password-file', passwordFile]);
    expect({ code, calls }).toEqual({ code: 0, calls: 3 });
  });
});
