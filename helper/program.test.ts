import { execFile, spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTicks, type RunRecord } from './engine/run-file.ts';
import { findProgram } from './engine/restic-path.ts';
import { Bench, RESTIC } from './testing/bench.ts';
import { buildHelper } from './testing/helper-program.ts';

describe('the program', () => {
  const folder = mkdtempSync(join(tmpdir(), 'helper-program-'));
  let program = '';
  beforeAll(async () => {
    program = await buildHelper(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (args: readonly string[], input = '') =>
    new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      const env = { ...process.env, RESTIC_BIN: RESTIC };
      const child = execFile(process.execPath, [program, ...args], { env }, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
      });
      child.stdin?.write(input);
      if (input === '') child.stdin?.end();
    });

  it.each([
    [[]],
    [['engine']],
    [['engine', '--state-dir', 'relative']],
    [['nonsense', '--state-dir', '/tmp']],
  ])('called with %j tells how to call it', async (args) => {
    expect(await run(args)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('olares-backup-helper PROGRAM') as string,
    });
  });

  it.each([
    ['no JSON', 'invalid_input'],
    ['{"verb":"rm"}', 'invalid_input'],
    ['{"verb":"keycheck"}', 'invalid_input'],
    ['{"verb":"version","extra":1}', 'invalid_input'],
  ])('answers the request %s with an error and exit code 0', async (line, code) => {
    const { stdout, code: exitCode } = await run(['engine', '--state-dir', folder], `${line}\n`);
    const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as unknown;
    expect(last).toMatchObject({ type: 'error', error: { code } });
    expect(exitCode).toBe(0);
  });

  it('serves each program its own verbs only', async () => {
    const { stdout } = await run(['restore', '--state-dir', folder], '{"verb":"version"}\n');
    expect(stdout).toContain('is no verb of the program restore');
  });

  it('names the restic it found', async () => {
    expect((await run(['engine', '--state-dir', folder], '{"verb":"version"}\n')).stdout).toContain(
      '"type":"result"',
    );
  });

  it.runIf(findProgram({ packageRoot: '/nowhere', path: process.env['PATH'] ?? '' }, 'setpriv'))(
    'that is killed takes restic with it',
    async () => {
      using bench = new Bench();
      await bench.makeRepository();
      const source = join(bench.root, 'source');
      mkdirSync(source);
      writeFileSync(join(source, 'big'), '');
      truncateSync(join(source, 'big'), 60e9);
      const request = {
        verb: 'backup',
        ...bench.common,
        paths: [source],
        excludes: [],
        tags: [],
        repairFirst: false,
      };
      const child = spawn(process.execPath, [program, 'engine', '--state-dir', bench.stateDir], {
        env: { ...process.env, RESTIC_BIN: RESTIC },
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const locks = () => readdirSync(join(bench.repository, 'locks'));
      await vi.waitFor(() => expect(locks()).toHaveLength(1), { timeout: 20_000 });
      const record = JSON.parse(
        readFileSync(join(bench.stateDir, 'run', 'helpers', `${child.pid}.json`), 'utf8'),
      ) as RunRecord;
      child.kill('SIGKILL');
      await vi.waitFor(() => expect(startTicks(record.resticPid)).toBeUndefined(), { timeout: 20_000 });
    },
  );
});
