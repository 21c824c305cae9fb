import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../contract/index.ts';
import { startFakeDaemon, type FakeDaemon } from '../test-support/fake-daemon.ts';
import { buildProgram, runProgram, type BuiltProgram, type RunOptions } from '../test-support/program.ts';
import { KEY_ID, NOW, sampleJob, samplePlan, sampleRequest, sampleStatus } from '../test-support/samples.ts';

const execFileLater = promisify(execFile);

let program: BuiltProgram;
let folder: string;
beforeAll(() => {
  program = buildProgram();
  folder = mkdtempSync(join(tmpdir(), 'olares-cli-commands-'));
});
afterAll(() => {
  program[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

const run = (daemon: FakeDaemon, args: string[], options?: RunOptions) =>
  runProgram(program.file, [...args, '--state-dir', daemon.stateDir], options);

describe('login', () => {
  it('pairs with a code', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer('login', sampleStatus().account!);
    const { code, stdout } = await run(daemon, [
      'login',
      '--space',
      'https://space.example',
      '--code',
      '1234',
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain('Signed in to https://space.example as alice@olares.com, paired');
    expect(daemon.bodiesOf('login')).toEqual([{ spaceUrl: 'https://space.example', code: '1234' }]);
  });

  it('reads a token from stdin', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer('login', sampleStatus().account!);
    const args = ['login', '--space', 'https://s', '--did', 'did:key:z', '--token-file', '-'];
    expect((await run(daemon, args, { input: 'tok\n' })).code).toBe(0);
    expect(daemon.bodiesOf('login')).toEqual([{ spaceUrl: 'https://s', did: 'did:key:z', token: 'tok' }]);
  });

  it.each([
    [[], 'say who you are in one way'],
    [['--did', 'did:key:z'], 'say who you are in one way'],
    [['--code', '1', '--did', 'd', '--token-file', '-'], 'say who you are in one way'],
  ])('refuses %j', async (flags, text) => {
    await using daemon = await startFakeDaemon();
    const { code, stderr } = await run(daemon, ['login', '--space', 'https://s', ...flags]);
    expect(code).toBe(2);
    expect(stderr).toContain(text);
  });
});

describe('what takes something away', () => {
  it.each([
    [['logout'], 'logout'],
    [['plan', 'remove', 'photos'], 'removePlan'],
    [['key', 'remove', 'photos', 'ab'], 'removeKey'],
  ] as const)('%j needs a yes', async (args, route) => {
    await using daemon = await startFakeDaemon();
    daemon.answer('getPlan', samplePlan());
    daemon.answer('removePlan', samplePlan());
    daemon.answer('listKeys', samplePlan().keys);
    daemon.answer('removeKey', []);
    daemon.answer('logout', null);
    const refused = await run(daemon, [...args]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('add --yes');
    expect(daemon.bodiesOf(route)).toHaveLength(0);
    expect((await run(daemon, [...args, '--yes'])).code).toBe(0);
    expect(daemon.bodiesOf(route)).toHaveLength(1);
  });

  it('needs to know which key', async () => {
    await using daemon = await startFakeDaemon();
    const keys = [KEY_ID, `ab${'0'.repeat(62)}`].map((id) => ({ id, role: 'user' as const, createdAt: NOW }));
    daemon.answer('listKeys', keys);
    const { code, stderr } = await run(daemon, ['key', 'remove', 'photos', 'ab', '--yes']);
    expect(code).toBe(2);
    expect(stderr).toContain('more than one key begins with ab');
  });
});

describe('keys', () => {
  it('change the password by a pipe to the helper', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer('changeKey', await daemon.secretChannel(() => undefined));
    const input = 'glacier tuba violin orbit pencil ramp';
    const { code } = await run(daemon, ['key', 'change-password', 'photos', '--password-stdin'], { input });
    expect(code).toBe(0);
    expect(daemon.bodiesOf('changeKey')).toEqual([{ action: 'replace-user' }]);
    expect(daemon.secrets).toEqual([{ password: input }]);
  });

  it('give out recovery words at a terminal or into a kit only', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer('changeKey', await daemon.secretChannel(() => undefined));
    daemon.answer('getPlan', samplePlan());
    const refused = await run(daemon, ['key', 'add', 'photos', '--recovery', '--yes']);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('at a terminal');
    const kit = join(folder, 'kit');
    expect((await run(daemon, ['key', 'add', 'photos', '--recovery', '--yes', '--kit-file', kit])).code).toBe(
      0,
    );
    expect(daemon.secrets.map(({ recovery }) => recovery?.split(' ').length)).toEqual([6]);
  });
});

describe('requests and jobs', () => {
  it('decline with a reason', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer('getStatus', sampleStatus());
    daemon.answer('declineRequest', sampleRequest({ state: 'declined' }));
    const { stdout } = await run(daemon, ['request', 'decline', '7F3K', '--reason', 'not me']);
    expect(stdout).toContain('Declined 7F3K. Nothing was changed.');
    expect(daemon.bodiesOf('declineRequest')).toEqual([{ reason: 'not me' }]);
  });

  it('undo only with a yes, then say where everything is', async () => {
    await using daemon = await startFakeDaemon();
    const kept = { state: 'done', undoPath: '/srv/photos.before-restore-1' } as const;
    daemon.answer('getStatus', sampleStatus());
    daemon.answer('getRequest', sampleRequest(kept));
    daemon.answer('undoRequest', sampleRequest({ state: 'done', reason: 'undone: the old files are back' }));
    const refused = await run(daemon, ['request', 'undo', '7F3K']);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('/srv/photos.before-restore-1');
    expect(daemon.bodiesOf('undoRequest')).toEqual([]);
    const shown = await run(daemon, ['request', 'show', '7F3K']);
    expect(shown.stdout).toContain('olares-backup request undo 7F3K');
    const undone = await run(daemon, ['request', 'undo', '7F3K', '--yes']);
    expect(undone.stdout).toContain('7F3K: undone: the old files are back');
    expect(daemon.bodiesOf('undoRequest')).toHaveLength(1);
  });

  it('list with what was asked for', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer('listJobs', [sampleJob()]);
    await run(daemon, ['job', 'list', '--active', '--state', 'running', '--plan', 'photos', '--limit', '5']);
    expect(daemon.received[0]?.query).toEqual({
      active: 'true',
      state: 'running',
      plan: 'photos',
      limit: '5',
    });
  });
});

describe('doctor', () => {
  it('shows each check with its way out and ends with 1 when one is red', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer('runDoctor', [{ name: 'restic', level: 'error', message: 'too old', hint: 'update it' }]);
    const { code, stdout } = await run(daemon, ['doctor']);
    expect(code).toBe(1);
    expect(stdout).toContain('✓ agent: it runs and answers, version 0.1.0');
    expect(stdout).toContain('✗ restic: too old\n    way out: update it');
  });

  it('works without a daemon as far as it can', async () => {
    const { code, stdout } = await runProgram(program.file, [
      'doctor',
      '--state-dir',
      '/nonexistent',
      '--json',
    ]);
    expect(code).toBe(18);
    expect(JSON.parse(stdout)).toMatchObject([{ name: 'rights' }, { name: 'agent', level: 'error' }]);
  });
});

describe('version', () => {
  it('shows its own without a daemon', async () => {
    const { code, stdout } = await runProgram(program.file, ['version', '--state-dir', '/nonexistent']);
    expect(code).toBe(0);
    expect(stdout).toContain('olares-backup   0.1.0');
    expect(stdout).toContain('is not running');
  });
});

describe('config check', () => {
  it("passes on the daemon's verdict and words", async () => {
    const daemonFile = join(dirname(program.file), 'olares-backupd.mjs');
    writeFileSync(
      daemonFile,
      `console.error('unknown key "spac": ' + process.argv.slice(2).join(' ')); process.exitCode = 78;`,
    );
    const { code, stderr } = await runProgram(
      program.file,
      ['config', 'check', 'c.json', '--state-dir', '/s'],
      { cwd: folder },
    );
    rmSync(daemonFile);
    expect(code).toBe(78);
    expect(stderr).toContain(
      `unknown key "spac": --state-dir /s --check-config --config ${join(folder, 'c.json')}`,
    );
  });
});

describe('completion', () => {
  it('is valid bash and completes commands, options and plans', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer('listPlans', [
      samplePlan(),
      samplePlan({ name: 'my mail' }),
      samplePlan({ name: '$(touch /tmp/x)' }),
    ]);
    const { stdout } = await run(daemon, ['completion', 'bash']);
    const script = join(folder, 'completion.bash');
    writeFileSync(script, stdout);
    symlinkSync(program.file, join(folder, 'olares-backup'));
    chmodSync(program.file, 0o755);
    execFileSync('bash', ['-n', script]);
    const complete = async (...words: string[]) => {
      const env = {
        PATH: `${folder}:${dirname(process.execPath)}:/usr/bin:/bin`,
        OLARES_BACKUP_STATE_DIR: daemon.stateDir,
      };
      // The daemon lives in this process, so this process must not wait without a loop.
      const child = execFileLater('bash', ['--norc', '-c', COMPLETE, script, ...words], { env });
      child.child.stdin?.end();
      return (await child).stdout.trim().split('\n');
    };
    expect(await complete('olares-backup', 'st')).toEqual(['status']);
    expect(await complete('olares-backup', 'plan', 're')).toEqual(['resume', 'remove']);
    expect(await complete('olares-backup', 'backup', '--det')).toEqual(['--detach']);
    expect(await complete('olares-backup', 'backup', '')).toEqual(
      expect.arrayContaining(['photos', 'my\\ mail']),
    );
    expect(await complete('olares-backup', 'restore', 'latest', '--plan', 'p')).toEqual(['photos']);
    expect(await complete('olares-backup', 'plan', 'pause', '$')).toEqual(['']);
  });

  it.each(['zsh', 'fish'])('has a script for %s', async (shell) => {
    const { code, stdout } = await runProgram(program.file, ['completion', shell]);
    expect(code).toBe(0);
    expect(stdout).toContain('complete-names');
    expect(stdout).toContain('change-password');
  });

  it('stays silent without a daemon', async () => {
    const outcome = await runProgram(program.file, ['complete-names', '--state-dir', '/nonexistent']);
    expect(outcome).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});

describe('plan edit', () => {
  it('sends only what is to change', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer('changePlan', samplePlan());
    expect((await run(daemon, ['plan', 'edit', 'photos', '--at', '03:30'])).code).toBe(0);
    expect(daemon.bodiesOf('changePlan')).toEqual([{ schedule: { kind: 'daily', at: '03:30' } }]);
  });

  it('needs something to change', async () => {
    await using daemon = await startFakeDaemon();
    const { code, stderr } = await run(daemon, ['plan', 'edit', 'photos']);
    expect(code).toBe(2);
    expect(stderr).toContain('nothing to change');
  });
});

it('keeps a message of the daemon that would drive the terminal harmless', async () => {
  await using daemon = await startFakeDaemon();
  daemon.answer('getStatus', new AppError('failed', 'a\u001b]0;x\u0007b'));
  const { stderr } = await run(daemon, ['status']);
  expect(stderr).toContain('a\ufffd]0;x\ufffdb');
});

it('starts without what it seldom needs', () => {
  const files = execFileSync('node', ['--input-type=module', '-e', STARTED, program.file], {
    encoding: 'utf8',
  });
  expect(files).not.toMatch(/strength|prompts|words|progress-bar/);
});

const COMPLETE = `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _olares_backup; printf '%s\\n' "\${COMPREPLY[@]}"`;

const STARTED = `
import { readFileSync } from 'node:fs';
const text = readFileSync(process.argv[1], 'utf8');
console.log([...text.matchAll(/^import .*from "(.*)";$/gm)].map((match) => match[1]).join('\\n'));`;
