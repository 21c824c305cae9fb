import { spawn } from 'node:child_process';
import { createPrivateKey, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SpaceFaults } from '../../space/faults.ts';
import { openSpace } from '../../space/server.ts';
import { eventually } from '../harness/eventually.ts';
import { listeningProxy, type ListeningProxy } from '../harness/listening-proxy.ts';
import { recoveryWords } from '../harness/plain-restic.ts';
import { findSecrets, needlesOf, type Canary } from '../harness/secret-forms.ts';
import { sampleProcesses, sweepFiles, type SampleReport } from '../harness/secret-sweep.ts';
import { TestSystem } from '../harness/system.ts';
import { temporaryDir } from '../harness/temporary-dir.ts';

/** Where a secret may live: the agent's own two files. */
const HOMES = ['keys/machine.key', 'secrets/space.json'];
const PASSWORD = `canary ${randomBytes(6).toString('hex')} / Käse & brot+100%`;
const WRONG = `wrong canary ${randomBytes(8).toString('hex')}`;

const canary = (name: string, value: string | Buffer): Canary => ({
  name,
  value: typeof value === 'string' ? Buffer.from(value, 'utf8') : value,
});
const TYPED = [canary('the password', PASSWORD), canary('a wrong password', WRONG)];

describe('a whole circle: login, plan, snapshot, wrong passwords, restore', () => {
  let system: TestSystem;
  let proxy: ListeningProxy;
  let faults: SpaceFaults;
  let sampled: SampleReport;
  /** What the machine never gives to anybody, and what only Space may get. */
  let own: Canary[];
  let spaces: Canary[];
  const said: string[] = [];

  beforeAll(async () => {
    faults = new SpaceFaults();
    proxy = await listeningProxy();
    system = new TestSystem({});
    system.space = await openSpace({
      dataDir: join(system.dir, 'space'),
      publicUrl: `http://127.0.0.1:${proxy.port}`,
      clock: Date.now,
      faults,
    });
    proxy.forwardTo(system.space.port);
    await system.startDaemon();
    const sampler = await sampleProcesses(TYPED);
    await circle(async () => {
      [own, spaces] = [ownSecrets(system), spaceSecrets(system, faults)];
      sampler.lookFor([...own, ...spaces]);
    });
    sampled = await sampler.stop();
  });
  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]();
    await system?.[Symbol.asyncDispose]();
  });

  async function circle(onSecretsKnown: () => Promise<void>): Promise<void> {
    const source = system.folder('source');
    writeFileSync(join(source, 'file'), randomBytes(2_000_000));
    const [password, wrong] = [system.file('typed', `${PASSWORD}\n`), system.file('mistyped', `${WRONG}\n`)];
    const run = async (code: number, ...args: string[]): Promise<void> => {
      const outcome = await system.cli(args);
      said.push(outcome.stdout, outcome.stderr);
      expect(outcome, outcome.stderr).toMatchObject({ code });
    };
    const { code } = system.space.createPairingCode('alice@olares.com');
    await run(0, 'login', '--space', system.space.url, '--code', code);
    const keys = ['--password-file', password, '--kit-file', join(system.dir, 'kit'), '--yes'];
    await run(0, 'plan', 'add', 'photos', '--path', source, '--schedule', 'manual', ...keys);
    await onSecretsKnown();
    await run(0, 'backup', 'photos');
    const restore = ['restore', 'latest', '--plan', 'photos', '--yes', '--target', join(system.dir, 'back')];
    await run(12, ...restore, '--password-file', wrong);
    await run(12, ...restore, '--password-file', wrong);
    await run(0, ...restore, '--password-file', password);
    await run(0, 'backup', 'photos');
    await run(0, 'doctor');
    await run(0, 'logs');
    await eventually(() => faults.received('call:snapshotSave').length >= 4, 'the reports of both snapshots');
  }

  test('no process has a secret in its arguments or environment', () => {
    expect(sampled.findings).toEqual([]);
    expect(sampled.rounds).toBeGreaterThan(200);
  });

  test('nothing that the programs print holds one', () => {
    const printed = Buffer.from([...system.output, ...said].join('\n'));
    expect(printed.length).toBeGreaterThan(1000);
    expect(findSecrets(printed, needlesOf([...TYPED, ...own, ...spaces]))).toEqual([]);
  });

  test('no file of the agent holds one, but for the two that are there for it', () => {
    expect(sweepFiles(system.stateDir, [...TYPED, ...own, ...spaces], HOMES)).toEqual([]);
    expect(sweepFiles(system.stateDir, TYPED)).toEqual([]);
  });

  test('Space gets no secret of the machine', () => {
    const sent = proxy.sent();
    expect(Buffer.concat(sent).length).toBeGreaterThan(2_000_000);
    const frames = ['hello', 'event', 'result', 'progress'].flatMap((type) => faults.received(`in:${type}`));
    const calls = faults.received('call:pair');
    expect(frames.length).toBeGreaterThan(4);
    const needles = needlesOf([...TYPED, ...own]);
    for (const connection of sent) expect(findSecrets(connection, needles)).toEqual([]);
    expect(findSecrets(Buffer.from(JSON.stringify([frames, calls])), needles)).toEqual([]);
  });

  test('what Space gave goes back in the fields for it, and nowhere else', () => {
    const needles = needlesOf(spaces);
    const sent = proxy.sent().map((connection) => connection.toString('latin1'));
    expect(sent.some((text) => /(^|[\r\n&])token=/.test(text))).toBe(true);
    for (const text of sent) {
      const rest = text
        .replace(/([\r\n&])(token|sk|st)=[^&\r\n]*/g, '$1')
        .replace(/"token":"[^"]*"/g, '')
        .replace(/^x-amz-security-token: .*$/gim, '');
      expect(findSecrets(Buffer.from(rest, 'latin1'), needles)).toEqual([]);
    }
  });
});

describe('the sweep itself finds', () => {
  test('a secret in the arguments or the environment of a process', async () => {
    const sampler = await sampleProcesses(TYPED);
    const hex = Buffer.from(PASSWORD).toString('hex');
    const leaks = [
      spawn('sleep', ['600'], { argv0: PASSWORD }),
      spawn('sleep', ['600'], { env: { LEAK: `x${hex}` } }),
    ];
    // It looks once more when it is stopped, and both have been started by then.
    await Promise.all(leaks.map(async (child) => await new Promise((done) => child.once('spawn', done))));
    const { findings } = await sampler.stop();
    leaks.forEach((child) => child.kill());
    expect(findings).toEqual(
      expect.arrayContaining([
        `cmdline of ${leaks[0]?.pid}: the password as raw`,
        `environ of ${leaks[1]?.pid}: the password as hex`,
      ]),
    );
  });

  test.each([
    ['raw', (secret: string) => secret],
    ['hex', (secret: string) => Buffer.from(secret).toString('hex')],
    [
      'base64 inside something longer',
      (secret: string) => Buffer.from(`{"a":"${secret}"}`).toString('base64'),
    ],
    ['base64url', (secret: string) => Buffer.from(`p=${secret}`).toString('base64url')],
    ['a query', (secret: string) => new URLSearchParams({ q: secret }).toString()],
    ['percent codes', (secret: string) => `/x/${encodeURIComponent(secret)}?`],
    ['UTF-16', (secret: string) => Buffer.from(`a${secret}`, 'utf16le')],
    ['JSON', (secret: string) => JSON.stringify({ secret })],
  ])('a secret in a file as %s', (_form, leak) => {
    using dir = temporaryDir('sweep');
    writeFileSync(join(dir.path, 'leak'), leak(PASSWORD));
    expect(sweepFiles(dir.path, TYPED)).not.toEqual([]);
    expect(sweepFiles(dir.path, TYPED, ['leak'])).toEqual([]);
  });
});

function ownSecrets({ stateDir, dir }: TestSystem): Canary[] {
  const key = readFileSync(join(stateDir, 'keys/machine.key'), 'utf8').trim();
  const { device } = readIdentity(stateDir);
  const der = Buffer.from(device.privateKey, 'base64');
  const { d = '' } = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' });
  const words = recoveryWords(join(dir, 'kit'));
  return [
    canary('the machine key', key),
    canary('the machine key, decoded', Buffer.from(key, 'base64')),
    canary('the device key', Buffer.from(d, 'base64url')),
    canary('the recovery words', words),
    canary('the recovery words with dashes', words.replaceAll(' ', '-')),
    canary('the recovery words as a list', words.replaceAll(' ', '","')),
    canary('the recovery words as lines', words.replaceAll(' ', '\n')),
  ];
}

function spaceSecrets({ stateDir }: TestSystem, faults: SpaceFaults): Canary[] {
  const answers = faults.received('answer:stsToken') as { data: { sk: string; st: string } }[];
  expect(answers.length).toBeGreaterThan(0);
  return [
    canary("Space's token", readIdentity(stateDir).token),
    ...answers.flatMap(({ data }, index) => [
      canary(`secret key ${index}`, data.sk),
      canary(`session token ${index}`, data.st),
    ]),
  ];
}

function readIdentity(stateDir: string): { token: string; device: { privateKey: string } } {
  return JSON.parse(readFileSync(join(stateDir, 'secrets/space.json'), 'utf8')) as ReturnType<
    typeof readIdentity
  >;
}
