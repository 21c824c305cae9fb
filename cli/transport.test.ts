import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApiClient, shellWord, type AppError } from '../contract/index.ts';
import { readEvents, type StreamItem } from './event-stream.ts';
import { sendSecret } from './secret-channel.ts';
import { agentPlace } from './state-dir.ts';
import { NOW, sampleStatus } from './test-support/samples.ts';
import { createTransport } from './transport.ts';

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'olares-cli-transport-'));
  mkdirSync(join(stateDir, 'run'));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

const transportTo = (dir: string) =>
  createTransport({
    place: agentPlace({ env: {}, uid: 1000, cwd: '/' }, dir),
    version: '0.1.0',
    onVersion: () => undefined,
  });

async function serving(listener: RequestListener): Promise<AsyncDisposable> {
  const server = createServer(listener);
  await new Promise<void>((done) => server.listen(join(stateDir, 'run', 'admin.sock'), done));
  return {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

async function failureOf(work: Promise<unknown>): Promise<AppError> {
  return work.then(
    () => expect.fail('it did not fail'),
    (error: AppError) => error,
  );
}

describe('an answer that is none', () => {
  it.each<[string, number, string, string]>([
    ['HTML', 200, '<html>', 'answer of getStatus'],
    ['an error without a reason', 500, 'oops', 'HTTP 500'],
    ['an error of an unknown kind', 418, '{"error":{"code":"teapot","message":"x"}}', 'HTTP 418'],
    ['the wrong shape', 200, '{"version":1}', 'answer of getStatus'],
    ['nothing', 200, '', 'answer of getStatus'],
  ])('like %s is an error in words', async (_name, status, body, text) => {
    await using _server = await serving((_request, response) => response.writeHead(status).end(body));
    const error = await failureOf(createApiClient(transportTo(stateDir)).call('getStatus'));
    expect(error.message).toContain(text);
  });

  it('because the daemon died in the middle tells how to go on', async () => {
    await using _server = await serving((request) => request.socket.destroy());
    const api = createApiClient(transportTo(stateDir));
    expect(await failureOf(api.call('getStatus'))).toMatchObject({
      code: 'daemon_not_running',
      hint: 'try again',
    });
    const written = await failureOf(api.call('pausePlan', { params: { plan: 'a' } }));
    expect(written.hint).toContain('it may have been done');
  });

  it('because the body broke off is no success', async () => {
    await using _server = await serving((request, response) => {
      response.writeHead(200, { 'content-length': 1000 });
      response.write(JSON.stringify(sampleStatus()).slice(0, 100), () => request.socket.destroy());
    });
    const error = await failureOf(createApiClient(transportTo(stateDir)).call('getStatus'));
    expect(error.code).toBe('daemon_not_running');
  });
});

describe('the way to the socket', () => {
  it('names a path that is too long for a socket', async () => {
    const error = await failureOf(createApiClient(transportTo(`/tmp/${'x'.repeat(120)}`)).call('getStatus'));
    expect(error.code).toBe('daemon_not_running');
  });

  it.runIf(process.getuid?.() === 0)('says sudo when the socket belongs to somebody else', async () => {
    await using _server = await serving((_request, response) => response.end());
    chmodSync(stateDir, 0o700);
    const outsider = 65_534;
    process.seteuid?.(outsider);
    try {
      const error = await failureOf(createApiClient(transportTo(stateDir)).call('getStatus'));
      expect(error).toMatchObject({ code: 'refused' });
      expect(error.hint).toContain('sudo');
    } finally {
      process.seteuid?.(0);
    }
  });

  it('is found from option, environment and user, in this order', () => {
    const env = { OLARES_BACKUP_STATE_DIR: '/env', HOME: '/home/me' };
    expect(agentPlace({ env, uid: 1, cwd: '/work' }, 'own').stateDir).toBe('/work/own');
    expect(agentPlace({ env, uid: 1, cwd: '/' }, undefined).stateDir).toBe('/env');
    expect(agentPlace({ env: { HOME: '/home/me' }, uid: 1, cwd: '/' }, undefined).stateDir).toBe(
      '/home/me/.local/state/olares-backup',
    );
    expect(agentPlace({ env: { XDG_STATE_HOME: '/x' }, uid: 1, cwd: '/' }, undefined).stateDir).toBe(
      '/x/olares-backup',
    );
    expect(agentPlace({ env, uid: 0, cwd: '/' }, '/var/lib/olares-backup').socketDirs).toEqual([
      '/var/lib/olares-backup/run',
      '/run/olares-backup',
    ]);
    expect(agentPlace({ env, uid: 0, cwd: '/' }, '/srv/a').socketDirs).toEqual(['/srv/a/run']);
  });

  it('is told as a line that can be copied', () => {
    expect(shellWord("it's a dir")).toBe("'it'\\''s a dir'");
    expect(shellWord('/var/lib/x-1')).toBe('/var/lib/x-1');
  });
});

describe('the event stream', () => {
  const collect = async (pieces: readonly (string | Buffer)[]): Promise<StreamItem[]> => {
    await using _server = await serving((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const piece of pieces) response.write(piece);
      response.end();
    });
    const items: StreamItem[] = [];
    for await (const item of readEvents(transportTo(stateDir), 7, new AbortController().signal))
      items.push(item);
    return items;
  };
  const event = { seq: 8, at: NOW, kind: 'notice', body: { text: 'für dich' } };

  it('is read whole however it is cut', async () => {
    const bytes = Buffer.from(`: hi\n\nid: 8\nevent: event\ndata: ${JSON.stringify(event)}\n\n`);
    const pieces = Array.from(bytes, (byte) => Buffer.from([byte]));
    expect(await collect(pieces)).toEqual([{ type: 'event', event }]);
  });

  it('skips what it does not know', async () => {
    expect(await collect(['event: weather\ndata: {}\n\n', ': comment\n\n', 'data: {}\n\n'])).toEqual([]);
  });

  it('refuses what is no event', async () => {
    expect((await failureOf(collect(['event: event\ndata: {"seq":0}\n\n']))).message).toContain('event');
    expect((await failureOf(collect(['event: event\ndata: {\n\n']))).message).toContain('no JSON');
  });
});

describe('the secret channel', () => {
  const helper = async (answer: string | undefined) => {
    const socketPath = join(stateDir, 'secret.sock');
    const server = createSocketServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.on('data', () => (answer === undefined ? socket.destroy() : socket.end(answer)));
    });
    await new Promise<void>((done) => server.listen(socketPath, done));
    const failure = await failureOf(sendSecret({ socketPath, expiresAt: NOW }, { password: 'canary-1' }));
    server.close();
    return failure;
  };

  it.each([
    ['nothing', undefined, 'went away'],
    ['an empty line', '\n', 'nothing readable'],
    ['text', 'yes\n', 'nothing readable'],
    ['the wrong shape', '{"fine":true}\n', 'verdict of the helper'],
    ['a bare no', '{"ok":false}\n', 'without a reason'],
  ])('turns %s into an error that does not hold the secret', async (_name, answer, text) => {
    const error = await helper(answer);
    expect(error.message).toContain(text);
    expect(JSON.stringify(error) + error.message + error.stack).not.toContain('canary-1');
  });

  it('says so when no helper waits', async () => {
    const gone = { socketPath: join(stateDir, 'gone.sock'), expiresAt: NOW };
    expect((await failureOf(sendSecret(gone, { password: 'x' }))).message).toContain('went away');
  });
});
