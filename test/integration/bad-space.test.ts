import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SpaceFaults } from '../../space/faults.ts';
import { expectRefusal } from '../harness/refusal.ts';
import { ROOT, TestSystem } from '../harness/system.ts';

const isRoot = process.getuid?.() === 0;
const CLOSED = 'http://127.0.0.1:1';

let system: TestSystem;
let faults: SpaceFaults;
beforeAll(async () => {
  faults = new SpaceFaults();
  system = await TestSystem.paired({ faults });
  const source = system.folder('source');
  writeFileSync(join(source, 'file'), 'content');
  await system.addPlan('photos', [source]);
});
afterAll(async () => await system[Symbol.asyncDispose]());

describe('a Space that is not well', () => {
  const html = '<html><body>502 Bad Gateway</body></html>';
  test.each<[string, { status?: number; body: string }, number, RegExp]>([
    ['HTML', { body: html }, 16, /not what a Space answers/],
    ['garbage', { body: '\u0000\u0001{"code":' }, 16, /not what a Space answers/],
    ['HTTP 500', { status: 500, body: 'oops' }, 16, /HTTP 500/],
    ['sign in again', { body: '{"code":506,"message":"login invalid","data":null}' }, 15, /sign-in/],
  ])(
    'answers %s: a sign-in says so, a snapshot comes when it is well again',
    async (_name, answer, code, words) => {
      await system.stopDaemon();
      await system.startDaemon();
      faults.add({ on: 'call:*', action: { do: 'reject', ...answer } });
      const token = system.file('token', 'a-token-of-somebody\n');
      const did = 'did:key:z6MkfhGpBzrMVJ3rYUxJrnKsEPHTxpmYnMsYLbJQA1FG2JFa';
      const login = ['login', '--space', system.space.url, '--did', did, '--token-file', token];
      expectRefusal(await system.cli(login), code, words);
      expectRefusal(await system.cli(['backup', 'photos']), code, words);
      faults.clear();
      const again = system.space.createPairingCode('alice@olares.com');
      await system.done(['login', '--space', system.space.url, '--code', again.code]);
      await system.done(['backup', 'photos']);
    },
  );

  test('is hidden by a portal that answers everything with its page', async () => {
    const { port } = system.space;
    await system.space.close();
    const portal = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html').end(`<!DOCTYPE html>${html}`);
    });
    portal.listen(port, '127.0.0.1');
    await once(portal, 'listening');
    expectRefusal(await system.cli(['backup', 'photos']), 16, 'the storage cannot be reached', 'by itself');
    portal.closeAllConnections();
    portal.close();
    await once(portal, 'close');
    await system.startSpace(port);
    await system.done(['backup', 'photos']);
  });

  test('is not there at all', async () => {
    const login = ['login', '--space', CLOSED, '--code', '1234-5678'];
    const refused = await system.cli(login);
    expectRefusal(refused, 16, 'nothing listens', 'after --space');
    // A command is one try.
    expect(refused.stderr).not.toContain('by itself');
    expect((await system.status()).account).toMatchObject({ spaceUrl: system.space.url });
  });

  test('does not know the pairing code', async () => {
    const login = ['login', '--space', system.space.url, '--code', '1234-5678'];
    expectRefusal(await system.cli(login), 17, 'pairing code', 'a new one');
  });
});

describe('the agent itself', () => {
  test.runIf(isRoot)("does not start in another user's state directory", () => {
    const dir = system.folder('of nobody');
    chownSync(dir, 65534, 65534);
    const daemon = join(ROOT, 'dist/olares-backupd.mjs');
    const { status, stderr } = spawnSync(process.execPath, [daemon, '--state-dir', dir, '--http', 'off'], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect({ status, stderr }).toMatchObject({
      status: 78,
      stderr: expect.stringContaining('belongs to user 65534'),
    });
    expect(readdirSync(dir)).toEqual([]);
  });

  test('is not running: every command says how to start it', async () => {
    await system.stopDaemon();
    for (const args of [['status'], ['backup', 'photos'], ['restore', 'latest', '--plan', 'photos']]) {
      expectRefusal(
        await system.cli(args),
        18,
        'is not running',
        `olares-backupd --state-dir ${system.stateDir}`,
      );
    }
    await system.startDaemon();
  });
});
