import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import Database from 'better-sqlite3';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const BANNER = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

// Nothing listens there.
const S3 = [
  '--storage',
  's3',
  '--s3-endpoint',
  'http://127.0.0.1:1',
  '--s3-region',
  'r-1',
  '--s3-bucket',
  'bucket',
];
S3.push('--s3-credentials-file', '/nowhere', '--listen', '127.0.0.1:0');

let buildDir: string;
let program: string;
let dataDir: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  // Inside the checkout, so that the native module is found.
  await mkdir(join(ROOT, '.build'), { recursive: true });
  buildDir = await mkdtemp(join(ROOT, '.build', 'space-test-'));
  program = join(buildDir, 'olares-space.mjs');
  await build({
    entryPoints: [join(ROOT, 'space', 'main.ts')],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['better-sqlite3'],
    banner: { js: BANNER },
    logLevel: 'error',
  });
});
afterAll(async () => {
  await rm(buildDir, { recursive: true });
});
beforeEach(async () => {
  dataDir = join(await mkdtemp(join(tmpdir(), 'space-main-')), 'data');
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(join(dataDir, '..'), { recursive: true });
});

interface Ready {
  readonly ready: true;
  readonly url: string;
  readonly console: string;
}

async function start(
  more: readonly string[] = [],
): Promise<{ child: ChildProcess; ready: Ready; lines: string[] }> {
  const child = spawn(process.execPath, [program, '--data', dataDir, '--listen', '127.0.0.1:0', ...more]);
  children.push(child);
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line));
  await once(reader, 'line');
  return { child, ready: JSON.parse(lines[0] ?? '') as Ready, lines };
}
const run = (...args: string[]) => spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });

describe('olares-space', () => {
  it('starts on a new directory only its owner can read, prints one ready line, and stops at SIGTERM', async () => {
    const { child, ready, lines } = await start();
    expect(ready).toMatchObject({ ready: true, url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) });
    expect(ready.console).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#code=[\w-]{32}$/);
    for (const path of ['', 'space.db', 'storage', 'run']) {
      expect((await stat(join(dataDir, path))).mode & 0o077, path).toBe(0);
    }
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { ready: true },
      { msg: 'stopping' },
      { msg: 'stopped' },
    ]);
    expect(existsSync(join(dataDir, 'run', 'knobs.sock'))).toBe(false);
  });

  it('makes pairing codes and console links beside a running server, and without one', async () => {
    const { child, ready } = await start();
    const made = run('pairing-code', '--data', dataDir, '--name', 'Bob@olares.com', '--json');
    const { code, name, command } = JSON.parse(made.stdout) as Record<string, string>;
    expect({ name, command }).toEqual({
      name: 'bob@olares.com',
      command: `olares-backup login --space ${ready.url} --code ${code}`,
    });
    const body = JSON.stringify({
      code,
      devicePublicKey: `${'A'.repeat(43)}=`,
      machine: 'box',
      agentVersion: '1',
    });
    const headers = { 'content-type': 'application/json' };
    const paired = await fetch(`${ready.url}/v1/agent/pair`, { method: 'POST', body, headers });
    expect(await paired.json()).toMatchObject({ code: 200, data: { olaresName: 'bob@olares.com' } });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const link = run('console-link', '--data', dataDir);
    expect(link.stdout).toMatch(new RegExp(`^${ready.url}/#code=[\\w-]{32}\\n$`));
    const plain = run('pairing-code', '--data', dataDir);
    expect(plain.stdout).toMatch(/^[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}\n$/);
  });

  it('opens its knobs only when asked to', async () => {
    const { ready } = await start(['--test-knobs']);
    const rule = { on: 'call:usage', action: { do: 'reject', status: 503, body: '<html>' } };
    const asked = request({
      socketPath: join(dataDir, 'run', 'knobs.sock'),
      method: 'POST',
      path: '/faults',
      headers: { 'content-type': 'application/json' },
    });
    asked.end(JSON.stringify(rule));
    await once(asked, 'response');
    const answer = await fetch(`${ready.url}/v1/resource/backup/usage`, {
      method: 'POST',
      body: 'userid=a&token=b',
    });
    expect([answer.status, await answer.text()]).toEqual([503, '<html>']);
  });

  it('refuses a second server on the same directory', async () => {
    await start();
    const second = run('--data', dataDir, '--listen', '127.0.0.1:0');
    expect(second.status).toBe(1);
    expect(second.stderr).toContain(`another olares-space serves ${dataDir}`);
  });

  it.each([
    [['--data', 'X', '--listen', '0.0.0.0:0'], 78, '0.0.0.0 can be reached by others'],
    [['--data', 'X', '--listen', 'nowhere'], 2, '--listen is "nowhere", but must be HOST:PORT'],
    [
      ['--data', 'X', '--public-url', 'space.example.com'],
      78,
      '"space.example.com" is not the address of a Space',
    ],
    [['--data', 'X', '--quota', '10G'], 2, '--quota is "10G", but must be a number of bytes'],
    [['--data', 'X', '--nonsense'], 2, "Unknown option '--nonsense'"],
    [['--data', '/proc/none', '--listen', '127.0.0.1:0'], 78, '/proc/none cannot be used'],
    [['--data', 'X', '--storage', 'tape'], 2, '--storage is "tape", but must be disk or s3'],
    [['--data', 'X', '--s3-region', 'x'], 2, '--s3-region has no meaning without --storage s3'],
    [['--data', 'X', '--storage', 's3'], 2, '--s3-endpoint is missing'],
    [['--data', 'X', ...S3, '--s3-bucket', 'A'], 2, '--s3-bucket is "A"'],
    [['--data', 'X', ...S3, '--s3-credentials-file', '/nowhere/keys'], 78, '/nowhere/keys cannot be read'],
    [['serve', 'now'], 2, '"now" is one word too many'],
    [['restore'], 2, '"restore" is not a command'],
    [[], 2, '--data is missing'],
    [['pairing-code', '--data', 'X'], 1, 'there is no Space in'],
  ])('answers %j with exit code %i and the way out', (args, status, message) => {
    const outcome = run(...args.map((arg) => (arg === 'X' ? dataDir : arg)));
    expect(outcome.stderr).toContain(message);
    expect(outcome.stderr.trim().split('\n')).toHaveLength(2);
    expect(outcome).toMatchObject({ status, stdout: '' });
  });

  it.each([
    ['of another program', 'PRAGMA application_id = 7', 'is the database of another program'],
    [
      'of a newer version',
      `PRAGMA application_id = ${0x4f6c5370}; PRAGMA user_version = 999`,
      'was written by a newer olares-space',
    ],
  ])('leaves a database %s alone', async (_name, sql, message) => {
    await mkdir(dataDir);
    const db = new Database(join(dataDir, 'space.db'));
    db.exec(sql);
    db.close();
    const outcome = run('--data', dataDir, '--listen', '127.0.0.1:0');
    expect(outcome).toMatchObject({ status: 78, stderr: expect.stringContaining(message) });
  });

  it('says so when its database is none', async () => {
    await mkdir(dataDir);
    await writeFile(join(dataDir, 'space.db'), 'x'.repeat(5000));
    expect(run('--data', dataDir, '--listen', '127.0.0.1:0')).toMatchObject({
      status: 78,
      stderr: expect.stringContaining('is not a database'),
    });
  });
});
