import { mkdtempSync, readdirSync, rmSync, writeFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, describe } from 'vitest';
import { AppError, openApiDocument, type AgentEvent, type Progress } from '../../contract/index.ts';
import { ask, emptyStream, fakePorts, startApi, STATUS, type Ask } from './local-api.fixture.ts';
import { closeServer, listenUnix } from './listeners.ts';

const json = { 'content-type': 'application/json' };

describe('unix sockets', () => {
  test('have exactly their modes and answer programs', async () => {
    await using running = await startApi();
    const admin = join(running.runDir, 'admin.sock');
    expect(statSync(admin).mode & 0o777).toBe(0o600);
    expect(statSync(join(running.runDir, 'status.sock')).mode & 0o777).toBe(0o660);
    const answer = await ask({ socket: admin, path: '/api/v1/status' });
    expect(JSON.parse(answer.text)).toEqual(STATUS);
    expect(answer.headers['x-olares-backup-version']).toBe('1.2.3');
  });

  test('answer an address that cannot be read like any other mistake', async () => {
    await using running = await startApi();
    const answer = await ask({ socket: join(running.runDir, 'admin.sock'), path: '/api/v1/plans/%E0%A4%A' });
    expect([answer.status, JSON.parse(answer.text).error.code]).toEqual([400, 'invalid_input']);
  });

  test('the status socket reads and does nothing else', async () => {
    await using running = await startApi();
    const socket = join(running.runDir, 'status.sock');
    expect((await ask({ socket, path: '/api/v1/status' })).status).toBe(200);
    const refused = await ask({ socket, method: 'POST', path: '/api/v1/plans/x/pause' });
    expect([refused.status, JSON.parse(refused.text).error.code]).toEqual([403, 'refused']);
  });

  test.each(['origin', 'referer', 'sec-fetch-site'])('a browser mark (%s) is refused', async (header) => {
    await using running = await startApi();
    const answer = await ask({
      socket: join(running.runDir, 'admin.sock'),
      path: '/api/v1/status',
      headers: { [header]: 'x' },
    });
    expect(answer.status).toBe(403);
  });

  test('are gone when the page cannot be served', async () => {
    await using running = await startApi();
    const runDir = mkdtempSync(join(tmpdir(), 'local-api-'));
    await expect(startApi(fakePorts(), { runDir, port: running.port })).rejects.toThrow(/EADDRINUSE/);
    expect(readdirSync(runDir)).toEqual([]);
    rmSync(runDir, { recursive: true });
  });

  test('a file that is no socket is never replaced, a live socket neither', async () => {
    await using running = await startApi();
    const file = join(running.runDir, 'file.sock');
    writeFileSync(file, 'precious');
    await expect(listenUnix(file, 0o600, () => undefined)).rejects.toThrow(/is no socket/);
    await expect(listenUnix(join(running.runDir, 'admin.sock'), 0o600, () => undefined)).rejects.toThrow(
      /another agent listens/,
    );
    const server = await listenUnix(join(running.runDir, 'new.sock'), 0o600, () => undefined);
    await closeServer(server);
  });
});

describe('answers', () => {
  test('an error of the domain carries code, message, hint and field', async () => {
    const plans = {
      ...fakePorts().plans,
      get: () => {
        throw new AppError('not_found', 'there is no plan "x"', {
          hint: 'olares-backup plan list',
          field: 'plan',
        });
      },
    };
    await using running = await startApi(fakePorts({ plans }));
    const answer = await ask({ socket: join(running.runDir, 'admin.sock'), path: '/api/v1/plans/x' });
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.text)).toEqual({
      error: {
        code: 'not_found',
        message: 'there is no plan "x"',
        hint: 'olares-backup plan list',
        field: 'plan',
      },
    });
  });

  test('a fault of ours tells the caller nothing', async () => {
    const plans = {
      ...fakePorts().plans,
      list: () => {
        throw new Error('secret detail');
      },
    };
    await using running = await startApi(fakePorts({ plans }));
    const answer = await ask({ socket: join(running.runDir, 'admin.sock'), path: '/api/v1/plans' });
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('secret detail');
  });

  test.each<[string, Omit<Ask, 'socket'>, number, RegExp]>([
    [
      'an unknown field',
      { method: 'POST', path: '/api/v1/plans', headers: json, body: '{"name":"a","paths":["/x"],"hook":1}' },
      400,
      /hook/,
    ],
    ['no JSON', { method: 'POST', path: '/api/v1/plans', headers: json, body: '{' }, 400, /not JSON/],
    [
      'a body of another type',
      { method: 'POST', path: '/api/v1/plans', headers: { 'content-type': 'text/plain' }, body: '{}' },
      415,
      /could not be read/,
    ],
    [
      'a body that is too large',
      { method: 'POST', path: '/api/v1/plans', headers: json, body: `"${'x'.repeat(300_000)}"` },
      413,
      /too large/,
    ],
    ['a query out of bounds', { path: '/api/v1/jobs?limit=0' }, 400, /limit/],
    ['an unknown place', { path: '/api/v1/nothing' }, 404, /nothing at GET/],
  ])('%s is named', async (_name, request, status, words) => {
    await using running = await startApi();
    const answer = await ask({ ...request, socket: join(running.runDir, 'admin.sock') });
    expect([answer.status, answer.text]).toEqual([status, expect.stringMatching(words)]);
  });

  test('query text becomes the type the route wants', async () => {
    const seen: unknown[] = [];
    const jobs = { ...fakePorts().jobs, list: (filter: unknown) => (seen.push(filter), []) };
    await using running = await startApi(fakePorts({ jobs }));
    await ask({ socket: join(running.runDir, 'admin.sock'), path: '/api/v1/jobs?limit=5&active=true' });
    expect(seen).toEqual([{ limit: 5, active: true }]);
  });

  test('the OpenAPI document and metrics are there', async () => {
    await using running = await startApi();
    const socket = join(running.runDir, 'status.sock');
    const document = JSON.parse((await ask({ socket, path: '/api/v1/openapi.json' })).text);
    expect(document).toEqual(JSON.parse(JSON.stringify(openApiDocument('1.2.3'))));
    expect((await ask({ socket, path: '/metrics' })).text).toContain('olares_backup_link_live 0');
  });
});

describe('events', () => {
  const event: AgentEvent = { seq: 7, at: 1, kind: 'notice', body: { text: 'hello' } };
  const progress: Progress = {
    jobId: '00000000-0000-4000-8000-000000000001',
    phase: 'uploading',
    filesDone: 1,
    bytesDone: 2,
  };

  test('come numbered after what the reader has, with progress between them', async () => {
    const asked: number[] = [];
    let tell: ((progress: Progress) => void) | undefined;
    const ports = fakePorts({
      jobs: { ...fakePorts().jobs, onProgress: (listener) => ((tell = listener), () => undefined) },
      events: {
        newestSeq: () => 7,
        async *stream(after) {
          asked.push(after);
          yield event;
          tell?.(progress);
        },
      },
    });
    await using running = await startApi(ports);
    const answer = await ask({ socket: join(running.runDir, 'admin.sock'), path: '/api/v1/events?after=6' });
    expect(asked).toEqual([6]);
    expect(answer.text).toContain(`id: 7\nevent: event\ndata: ${JSON.stringify(event)}\n\n`);
    expect(answer.text).toContain(`event: progress\ndata: ${JSON.stringify(progress)}\n\n`);
  });

  test('a browser that lost the line goes on from the last number it saw', async () => {
    const asked: number[] = [];
    const events = {
      newestSeq: () => 9,
      stream: (after: number) => {
        asked.push(after);
        return emptyStream();
      },
    };
    await using running = await startApi(fakePorts({ events }));
    const socket = join(running.runDir, 'admin.sock');
    await ask({ socket, path: '/api/v1/events?after=1', headers: { 'last-event-id': '5' } });
    await ask({ socket, path: '/api/v1/events' });
    expect(asked).toEqual([5, 9]);
  });
});
