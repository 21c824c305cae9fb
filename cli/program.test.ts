import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError, ERROR_CODES, EXIT_CODES } from '../contract/index.ts';
import { startFakeDaemon } from './test-support/fake-daemon.ts';
import { buildProgram, runProgram, type BuiltProgram, type RunOptions } from './test-support/program.ts';
import {
  backupResult,
  JOB_ID,
  KEY_ID,
  NOW,
  PLAN_ID,
  sampleJob,
  samplePlan,
  sampleSnapshot,
  sampleStatus,
  sampleUsage,
} from './test-support/samples.ts';

let program: BuiltProgram;
beforeAll(() => {
  program = buildProgram();
});
afterAll(() => program[Symbol.dispose]());

const run = (args: string[], options?: RunOptions) => runProgram(program.file, args, options);

describe('the command line', () => {
  it('ends with 18 and the line that starts the daemon when none runs', async () => {
    const { code, stdout, stderr } = await run(['status', '--state-dir', '/nonexistent/state']);
    expect(code).toBe(18);
    expect(stdout).toBe('');
    expect(stderr).toContain('olares-backupd --state-dir /nonexistent/state');
  });

  it.each([
    [['stauts'], 'Did you mean status?'],
    [['status', '--jsn'], 'Did you mean --json?'],
    [['plan', 'lst'], 'Did you mean one of list, ls?'],
    [['plan', 'add'], "missing required argument 'name'"],
    [['status', 'extra'], 'too many arguments'],
    [['job', 'list', '--state', 'red'], 'Allowed choices are queued'],
    [['job', 'list', '--limit', 'x'], '--limit takes a whole number from 1 to 1000'],
    [['snapshot', 'seek', 'x'], "unknown command 'seek'"],
  ])('refuses %j with 2 and the way out', async (args, text) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(text);
  });

  it('prints an error of usage as JSON when asked to', async () => {
    const { code, stdout, stderr } = await run(['status', '--nope', '--json']);
    expect(code).toBe(2);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'invalid_input', exitCode: 2 } });
  });

  it('shows the help of a noun without a verb, and ends with 2', async () => {
    const { code, stderr } = await run(['plan']);
    expect(code).toBe(2);
    expect(stderr).toContain('Usage: olares-backup plan');
  });

  it.each(ERROR_CODES)('ends with the exit code of the error %s', async (name) => {
    await using daemon = await startFakeDaemon();
    daemon.answer('getStatus', new AppError(name, 'it is so', { hint: 'do this', field: 'x' }));
    const { code, stdout } = await run(['status', '--json', '--state-dir', daemon.stateDir]);
    expect(code).toBe(EXIT_CODES[name]);
    expect(JSON.parse(stdout)).toEqual({
      error: { code: name, exitCode: EXIT_CODES[name], message: 'it is so', hint: 'do this', field: 'x' },
    });
  });

  it('finds the daemon by the environment', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer('getStatus', sampleStatus());
    const { code, stdout } = await run(['status'], { env: { OLARES_BACKUP_STATE_DIR: daemon.stateDir } });
    expect(code).toBe(0);
    expect(stdout).toContain('All plans are backed up.');
  });

  it('says when the daemon is of another version', async () => {
    await using daemon = await startFakeDaemon('admin.sock', '9.9.9');
    daemon.answer('getStatus', sampleStatus());
    const { stderr } = await run(['status', '--state-dir', daemon.stateDir]);
    expect(stderr).toContain('the agent is 9.9.9');
  });
});

describe('a socket for reading only', () => {
  it('serves what only looks, and names the way to the rest', async () => {
    await using daemon = await startFakeDaemon('status.sock');
    daemon.answer('getStatus', sampleStatus());
    const looked = await run(['status', '--state-dir', daemon.stateDir]);
    expect(looked.code).toBe(0);
    const changed = await run(['plan', 'pause', 'photos', '--state-dir', daemon.stateDir]);
    expect(changed.code).toBe(18);
    expect(daemon.received.map(({ route }) => route)).toEqual(['getStatus']);
  });
});

describe('backup', () => {
  const end = (state: 'succeeded' | 'incomplete', result = backupResult()) => ({
    seq: 6,
    at: NOW,
    kind: 'job.state' as const,
    body: { job: sampleJob({ state, result, endedAt: NOW }) },
  });

  it('shows what was done and ends with 0', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer('backupPlan', sampleJob());
    daemon.answer('getStatus', sampleStatus({ eventSeq: 5 }));
    daemon.answer('getJob', sampleJob());
    daemon.emit(end('succeeded'));
    const { code, stdout } = await run(['backup', 'photos', '--state-dir', daemon.stateDir]);
    expect(code).toBe(0);
    expect(stdout).toContain('Snapshot taken: fe12ab34 of photos');
    expect(stdout).toContain('1.43 MiB added to storage in 12 s');
  });

  it('ends with 3 and names the files that could not be read', async () => {
    await using daemon = await startFakeDaemon();
    const skipped = { count: 25, first: [{ path: '/home/me/secret', reason: 'permission denied' }] };
    daemon.answer('backupPlan', sampleJob());
    daemon.answer('getStatus', sampleStatus({ eventSeq: 5 }));
    daemon.answer('getJob', sampleJob());
    daemon.emit(end('incomplete', backupResult({ skipped, warnings: ['the source has become empty'] })));
    const { code, stdout } = await run(['backup', 'photos', '--state-dir', daemon.stateDir]);
    expect(code).toBe(3);
    expect(stdout).toContain('/home/me/secret: permission denied');
    expect(stdout).toContain('and 24 more');
    expect(stdout).toContain('the source has become empty');
  });

  it('says so once when the agent is gone in the middle, waits, and goes on watching', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer('backupPlan', sampleJob({ state: 'queued' }));
    daemon.answer('getStatus', sampleStatus({ eventSeq: 5 }));
    let looks = 0;
    daemon.onStream(() => daemon.dropStreams());
    daemon.answer('getJob', () => {
      looks += 1;
      if (looks === 2 || looks === 3) return new AppError('daemon_not_running', 'it is not running');
      return looks === 1 ? sampleJob() : sampleJob({ state: 'succeeded', result: backupResult() });
    });
    const { code, stderr } = await run(['backup', 'photos', '--state-dir', daemon.stateDir]);
    expect({ code, looks }).toEqual({ code: 0, looks: 4 });
    expect(stderr.split('\n').filter(Boolean)).toEqual([
      'The agent is not there any more; waiting a minute for it.',
      `Start it with: olares-backupd --state-dir ${daemon.stateDir}; to look again later: olares-backup job watch ${JOB_ID}`,
      'The agent is back.',
    ]);
  });

  it('asks for a clean stop at the first Ctrl-C and leaves at the second', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer('backupPlan', sampleJob());
    daemon.answer('getStatus', sampleStatus({ eventSeq: 5 }));
    daemon.answer('getJob', sampleJob());
    daemon.onStream(() =>
      daemon.emit({
        seq: 6,
        at: NOW,
        kind: 'job.state',
        body: { job: sampleJob({ state: 'waiting', reason: 'ready' }) },
      }),
    );
    daemon.answer('cancelJob', sampleJob({ state: 'cancelling' }));
    let sent = 0;
    const { code, stderr } = await run(['backup', 'photos', '--state-dir', daemon.stateDir], {
      onStderr: (text, child) => {
        const wanted = Number(text.includes('waiting: ready')) + Number(text.includes('Ctrl-C again leaves'));
        for (; sent < wanted; sent += 1) child.kill('SIGINT');
      },
    });
    expect(code).toBe(130);
    expect(daemon.received.filter(({ route }) => route === 'cancelJob')).toHaveLength(1);
    expect(stderr).toContain(`olares-backup job watch ${JOB_ID}`);
  });

  it('prints the id of the job with --detach', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer('backupPlan', sampleJob());
    const { stdout } = await run(['backup', 'photos', '--detach', '--state-dir', daemon.stateDir]);
    expect(stdout).toBe(`${JOB_ID}\n`);
  });

  it("ends with the failed job's own code", async () => {
    await using daemon = await startFakeDaemon();
    const error = { code: 'quota_exceeded' as const, message: 'Space is full', hint: 'free some' };
    daemon.answer('backupPlan', sampleJob());
    daemon.answer('getStatus', sampleStatus());
    daemon.answer('getJob', sampleJob({ state: 'failed', error }));
    const { code, stderr } = await run(['backup', 'photos', '--state-dir', daemon.stateDir]);
    expect(code).toBe(13);
    expect(stderr).toContain('Space is full');
  });

  it('asks for the name when there are several plans and nobody to ask', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer('listPlans', [
      samplePlan(),
      samplePlan({ id: KEY_ID.slice(0, 8) + PLAN_ID.slice(8), name: 'mail' }),
    ]);
    const { code, stderr } = await run(['backup', '--state-dir', daemon.stateDir]);
    expect(code).toBe(2);
    expect(stderr).toContain('name one of: photos, mail');
  });
});

describe('output for scripts', () => {
  it('is what the API gave, with times in RFC 3339', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer('listSnapshots', [sampleSnapshot()]);
    const { stdout, code } = await run(['snapshot', 'list', '--json', '--state-dir', daemon.stateDir]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual([{ ...sampleSnapshot(), takenAt: '2026-11-19T09:00:00.000Z' }]);
  });

  it('is JSON lines for a log that is followed', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer('getStatus', sampleStatus({ eventSeq: 1 }));
    daemon.emit({ seq: 1, at: NOW, kind: 'usage.measured', body: { usage: sampleUsage() } });
    daemon.onStream(() => daemon.endStreams());
    const { stdout } = await run(['logs', '--follow', '--json', '--state-dir', daemon.stateDir]);
    const [first = '', rest] = stdout.split('\n');
    expect(rest).toBe('');
    expect(JSON.parse(first)).toMatchObject({
      seq: 1,
      at: '2026-11-20T12:00:00.000Z',
      kind: 'usage.measured',
    });
  });

  it('holds no colour and no cut text in a pipe', async () => {
    await using daemon = await startFakeDaemon();
    const path = `/${'long'.repeat(100)}`;
    daemon.answer('listPlans', [samplePlan({ location: { kind: 'directory', path } })]);
    const { stdout } = await run(['plan', 'list', '--state-dir', daemon.stateDir]);
    expect(stdout).toContain(path);
    expect(stdout).not.toContain('\u001b');
  });
});
