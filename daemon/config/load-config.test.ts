import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../contract/index.ts';
import { systemChance } from '../base/ids.ts';
import { describeConfig, loadConfig, type LoadConfigOptions } from './load-config.ts';

let dir: string;
let stateDir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'config-'));
  stateDir = join(dir, 'state');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const load = (argv: string[] = [], more: Partial<LoadConfigOptions> = {}) =>
  loadConfig({
    argv: ['--state-dir', stateDir, ...argv],
    env: {},
    uid: process.getuid?.() ?? 0,
    homeDir: dir,
    hostName: 'box',
    zone: 'Europe/Berlin',
    execPath: '/usr/bin/node',
    programDir: '/opt/olares-backup/dist',
    chance: systemChance,
    ...more,
  });
const withFile = (content: unknown, argv: string[] = []) => {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  writeFileSync(join(stateDir, 'config.json'), text, { mode: 0o600 });
  return load(argv);
};
const faultOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    expect(error.code).toBe('config_invalid');
    expect(error.hint).toBeTruthy();
    return error.message;
  }
  throw new Error('nothing was thrown');
};

test('without a file there are defaults, frozen, and a private state directory', () => {
  const config = load();
  expect(config).toMatchObject({
    configFile: undefined,
    runDir: join(stateDir, 'run'),
    http: { host: '127.0.0.1', port: 8640 },
    remote: { backup: 'allow', restore: 'ask', plan: 'allow' },
    helper: { command: ['/usr/bin/node', '/opt/olares-backup/dist/olares-backup-helper.mjs'] },
  });
  expect(Object.isFrozen(config.jobs)).toBe(true);
  expect(statSync(stateDir).mode & 0o777).toBe(0o700);
});

test('the machine keeps its identity, which does not tell its name', () => {
  const first = load();
  const second = load();
  expect(second.machineId).toBe(first.machineId);
  expect(first.engineHost).toMatch(/^olares-[0-9a-f]{8}$/);
  writeFileSync(join(stateDir, 'machine.json'), '{"machineId":');
  expect(faultOf(() => load())).toContain('machine.json is damaged');
});

test('the command line goes before the file', () => {
  const file = { http: { port: 1234 }, logLevel: 'warn', limits: { uploadKiBPerSecond: 100 } };
  expect(withFile(file)).toMatchObject({ http: { port: 1234 }, logLevel: 'warn' });
  expect(withFile(file, ['--http', '[::1]:0', '--log-level', 'debug'])).toMatchObject({
    http: { host: '::1', port: 0 },
    logLevel: 'debug',
    limits: { uploadKiBPerSecond: 100 },
  });
  expect(withFile(file, ['--http', 'off']).http).toBeUndefined();
  expect(withFile({ http: false }).http).toBeUndefined();
});

test('places follow the environment where there is no argument', () => {
  const env = { XDG_STATE_HOME: join(dir, 'xdg'), RUNTIME_DIRECTORY: '/run/olares-backup' };
  const uid = process.getuid?.() ?? 0;
  const named = { OLARES_BACKUP_STATE_DIR: join(dir, 'named'), RUNTIME_DIRECTORY: '/run/another' };
  expect(load([], { argv: [], env: named, uid })).toMatchObject({
    stateDir: join(dir, 'named'),
    runDir: join(dir, 'named', 'run'),
  });
  expect(load([], { env }).runDir).toBe('/run/olares-backup');
});

describe('refuses, naming what is wrong and the way out:', () => {
  test.each([
    ['an unknown key', { hooks: 'rm' }, 'unknown field "hooks"'],
    ['an unknown inner key', { http: { prot: 1 } }, 'http'],
    ['a value out of range', { limits: { uploadKiBPerSecond: 0 } }, '"limits.uploadKiBPerSecond" is 0'],
    ['a wrong rule', { remote: { restore: 'always' } }, 'remote.restore'],
    ['delays in the wrong order', { jobs: { retryBaseMs: 9e6 } }, '"jobs.retryBaseMs" is 9000000'],
    ['a host others can reach', { http: { host: '0.0.0.0' } }, 'other machines could reach 0.0.0.0'],
    ['broken JSON', '{\n  "http": {\n    "port": ,\n  }\n}', 'line 3'],
    ['a list', [], 'config.json'],
  ])('%s', (_, content, fault) => {
    expect(faultOf(() => withFile(content))).toContain(fault);
  });
  test.each([
    [['--colour'], '--colour'],
    [['--http', '127.0.0.1'], '--http is "127.0.0.1"'],
    [['--http', '127.0.0.1:99999'], '--http is "127.0.0.1:99999"'],
    [['--http', '192.168.1.1:80'], 'other machines could reach 192.168.1.1'],
    [['--http', '127.evil.example:80'], 'other machines could reach'],
    [['--log-level', 'loud'], 'loud'],
    [['extra'], 'extra'],
  ])('the arguments %j', (argv, fault) => {
    expect(faultOf(() => load(argv))).toContain(fault);
  });
  test('a named file that is missing, and one that others may change', () => {
    expect(faultOf(() => load(['--config', join(dir, 'gone.json')]))).toContain('does not exist');
    const path = join(dir, 'open.json');
    writeFileSync(path, '{}');
    chmodSync(path, 0o666);
    expect(faultOf(() => load(['--config', path]))).toContain('can be changed by other users');
    expect(faultOf(() => load(['--config', dir]))).toContain("can't be read");
  });
  test.each([
    ['NODE_TLS_REJECT_UNAUTHORIZED', '0'],
    ['SSLKEYLOGFILE', '/tmp/keys'],
    ['NODE_OPTIONS', '--max-old-space-size=50 --inspect=0.0.0.0'],
  ])('%s=%s', (name, value) => {
    expect(faultOf(() => load([], { env: { [name]: value } }))).toContain(`${name}=${value}`);
  });
  test('a state directory of another user, one that others may enter, and one that is a file', () => {
    load();
    expect(faultOf(() => load([], { uid: 12345 }))).toContain('belongs to user');
    chmodSync(stateDir, 0o750);
    expect(faultOf(() => load())).toContain('others may enter');
    const file = join(dir, 'file');
    writeFileSync(file, '');
    expect(faultOf(() => load(['--state-dir', file]))).toContain('is not a directory');
    expect(faultOf(() => load(['--state-dir', join(file, 'inner')]))).toContain("can't be used");
  });
  test('a path too long for sockets', () => {
    expect(faultOf(() => load(['--state-dir', join(dir, 'x'.repeat(90))]))).toContain('too long');
  });
});

test('remote access is possible when it is asked for in words', () => {
  expect(withFile({ http: { host: '0.0.0.0', port: 80, allowRemote: true } }).http?.host).toBe('0.0.0.0');
});

test('the description is plain data', () => {
  expect(describeConfig(load(['--http', 'off']))).toMatchObject({ stateDir, http: 'off', logLevel: 'info' });
});
