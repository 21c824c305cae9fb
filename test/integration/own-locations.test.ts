import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Look } from '../../contract/index.ts';
import { makeAuthority, type Authority } from '../harness/certificates.ts';
import { expectRefusal } from '../harness/refusal.ts';
import { plainRestic } from '../harness/plain-restic.ts';
import { PASSWORD } from '../harness/system.ts';
import {
  MOTO,
  REST_SERVER,
  S3RVER,
  S3RVER_KEYS,
  sayMissing,
  startMoto,
  startRestServer,
  startS3rver,
  type TestServer,
} from '../harness/test-servers.ts';
import { OwnLocations } from './own-locations.fixture.ts';

sayMissing({ 'rest-server': REST_SERVER, moto: MOTO, s3rver: S3RVER });

let system: OwnLocations;
let authority: Authority;
beforeAll(async () => {
  system = await OwnLocations.begin();
  authority = makeAuthority(system.dir, 'authority');
});
afterAll(async () => await system[Symbol.asyncDispose]());

describe.skipIf(REST_SERVER === undefined)('a REST server of another maker, over TLS', () => {
  let server: TestServer;
  let keys: string[];
  const user = { name: 'ann', password: 'a pass/word:with @ signs' };
  beforeAll(async () => {
    const tls = authority.issue('rest-server', 'IP:127.0.0.1');
    server = await startRestServer(join(system.dir, 'rest'), { user, tls });
    const file = system.file('rest-keys', `username = ${user.name}\npassword = ${user.password}\n`);
    const at = ['--location', `rest:https://127.0.0.1:${server.port}/ann`, '--ca-file', authority.file];
    keys = [...at, '--credentials-file', file];
  });
  afterAll(async () => await server[Symbol.asyncDispose]());

  test('keeps a plan whose password for it is in a file', async () => {
    const plan = await system.addPlan('rest', [system.source], keys);
    expect(JSON.stringify(plan)).not.toContain('signs');
    await system.expectRoundTrip(plan);
    expect(readdirSync(join(system.dir, 'rest', 'ann'))).toEqual([`rest-${plan.id}`]);
    const look = [
      'adopt',
      String(plan.repository?.address),
      '--look',
      '--password-file',
      system.passwordFile,
    ];
    expect(await system.json<Look>([...look, ...keys.slice(2)])).toMatchObject({ planName: 'rest' });
  });

  test.each([
    [
      'a wrong password',
      15,
      'does not accept',
      (file: string) => writeFileSync(file, 'username = ann\npassword = no\n'),
    ],
    [
      'no password',
      78,
      'username = … and password = …',
      (file: string) => writeFileSync(file, 'username = ann\n'),
    ],
  ])('is refused for %s, and no plan is made', async (_how, code, words, spoil) => {
    const file = system.file('rest-wrong', '');
    spoil(file);
    const outcome = await system.add('rest-no', [...keys.slice(0, 4), '--credentials-file', file]);
    expectRefusal(outcome, code, words);
    expect(await system.planNames()).not.toContain('rest-no');
  });

  test('is not sent the password when its certificate is for another host', async () => {
    const tls = authority.issue('elsewhere', 'DNS:nas.lan');
    await using other = await startRestServer(join(system.dir, 'rest'), { user, tls });
    const at = ['--location', `rest:https://127.0.0.1:${other.port}/ann`, ...keys.slice(2)];
    expectRefusal(
      await system.add('rest-no', at),
      16,
      'certificate is for another host',
      'the name for which',
    );
    expect(other.log()).not.toContain('ann');
    expect(await system.planNames()).not.toContain('rest-no');
  });

  test('is named when nothing listens', async () => {
    const outcome = await system.add('rest-gone', ['--location', 'rest:http://127.0.0.1:1/']);
    expectRefusal(outcome, 16, '127.0.0.1:1 cannot be reached');
    expect(await system.planNames()).not.toContain('rest-gone');
  });
});

describe.skipIf(S3RVER === undefined)('an S3 of another maker, over TLS with an authority of its own', () => {
  let server: TestServer;
  let at: string[];
  beforeAll(async () => {
    const tls = authority.issue('s3rver', 'IP:127.0.0.1');
    server = await startS3rver(join(system.dir, 's3rver'), 'ours', tls);
    const file = system.file('s3rver-keys', S3RVER_KEYS);
    at = ['--location', `s3:https://127.0.0.1:${server.port}/ours/below`, '--credentials-file', file];
  });
  afterAll(async () => await server[Symbol.asyncDispose]());

  test('keeps a plan, at the address that the real Olares would give it', async () => {
    const plan = await system.addPlan('my photos', [system.source], [...at, '--ca-file', authority.file]);
    expect(plan.repository?.address).toContain(`/ours/below/olares-backups/my%20photos-${plan.id}`);
    await system.expectRoundTrip(plan);
  });

  test.each([
    ['nobody knows its authority', () => [], 16, ['certificate cannot be trusted', 'name the certificate']],
    [
      'another authority signed it',
      () => ['--ca-file', makeAuthority(system.dir, 'stranger').file],
      16,
      ['certificate cannot be trusted', 'given by --ca-file did not sign it'],
    ],
    [
      'what is named is no certificate',
      () => ['--ca-file', system.file('no-certificate.pem', 'hello')],
      78,
      ['no-certificate.pem is no certificate in PEM form', '--ca-file'],
    ],
  ])('is not spoken to when %s', async (_how, more, code, words) => {
    const seen = server.log();
    expectRefusal(await system.add('s3-no', [...at, ...more()]), code, ...words);
    expect(server.log()).toBe(seen);
    expect(await system.planNames()).not.toContain('s3-no');
  });
});

describe.skipIf(MOTO === undefined)('an S3 of another maker', () => {
  let moto: TestServer;
  let at: (bucket: string) => string[];
  beforeAll(async () => {
    moto = await startMoto();
    await fetch(`http://127.0.0.1:${moto.port}/ours`, { method: 'PUT' });
    const file = system.file(
      's3-keys',
      '[default]\naws_access_key_id = AK1234\naws_secret_access_key = SK5678\n',
    );
    at = (bucket) => ['--location', `s3:http://127.0.0.1:${moto.port}/${bucket}`, '--credentials-file', file];
  });
  afterAll(async () => await moto[Symbol.asyncDispose]());

  test('without the bucket is refused by its name, and no bucket is made', async () => {
    expectRefusal(await system.add('s3-no', at('missing')), 1, 'no bucket', 'missing');
    expect((await fetch(`http://127.0.0.1:${moto.port}/missing`)).status).toBe(404);
    expect(await system.planNames()).not.toContain('s3-no');
  });

  test('has a repository of the real Olares taken over by its address', async () => {
    const repository = `s3:http://127.0.0.1:${moto.port}/ours/olares-backups/Docs-0b0e6c1e-0000-4000-8000-000000000001`;
    const env = { AWS_ACCESS_KEY_ID: 'AK1234', AWS_SECRET_ACCESS_KEY: 'SK5678' };
    await plainRestic({ repository, password: PASSWORD, env }, ['init']);
    const place = repository.slice(`s3:http://127.0.0.1:${moto.port}/`.length);
    const plan = await system.addPlan('Docs', [system.source], [...at(place), '--adopt']);
    expect(plan.repository?.address).toBe(repository);
    expectRefusal(await system.add('Other', [...at('ours/nothing'), '--adopt']), 10, 'no repository');
    expectRefusal(await system.add('Other', at(place)), 1, '--adopt');
  });
});

test('a region that the Space does not have is refused with those it has', async () => {
  expectRefusal(await system.add('far', ['--region', 'mars-1']), 15, 'login');
  const { code } = system.space.createPairingCode('alice@olares.com');
  await system.done(['login', '--space', system.space.url, '--code', code]);
  expectRefusal(await system.add('far', ['--region', 'mars-1']), 2, 'mars-1', 'choose one of');
  expect(await system.planNames()).not.toContain('far');
});

test('a directory that cannot be written, or is a repository, is refused before anything is made', async () => {
  const file = system.file('a-file', '');
  expectRefusal(await system.add('dir', ['--location', file]), 2, 'is a file');
  expectRefusal(await system.add('dir', ['--location', '/proc/backups']), 17, '/proc');
  expect(existsSync('/proc/backups')).toBe(false);
  expect(await system.planNames()).not.toContain('dir');
});
