import { describe, expect, test } from 'vitest';
import { ask, startApi, type RunningApi } from './local-api.fixture.ts';
import { join } from 'node:path';

async function signIn(running: RunningApi): Promise<string> {
  const made = await ask({
    socket: join(running.runDir, 'admin.sock'),
    method: 'POST',
    path: '/api/v1/session-codes',
  });
  const code = new URL(JSON.parse(made.text).url).hash.slice('#code='.length);
  const opened = await openSession(running, code);
  expect(opened.status).toBe(204);
  const cookie = String(opened.headers['set-cookie']);
  expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
  return cookie.split(';')[0] ?? '';
}

const openSession = (running: RunningApi, code: string) =>
  ask({
    port: running.port,
    method: 'POST',
    path: '/api/v1/sessions',
    headers: { ...own(running), 'content-type': 'application/json' },
    body: JSON.stringify({ code }),
  });

const own = (running: RunningApi) => ({
  host: `127.0.0.1:${running.port}`,
  origin: `http://127.0.0.1:${running.port}`,
});

describe('the page', () => {
  test('shows nothing without a session, and its link works once', async () => {
    await using running = await startApi();
    expect((await ask({ port: running.port, path: '/api/v1/status' })).status).toBe(401);
    const cookie = await signIn(running);
    expect((await ask({ port: running.port, path: '/api/v1/status', headers: { cookie } })).status).toBe(200);
    const made = await ask({
      socket: join(running.runDir, 'admin.sock'),
      method: 'POST',
      path: '/api/v1/session-codes',
    });
    const code = new URL(JSON.parse(made.text).url).hash.slice('#code='.length);
    expect((await openSession(running, code)).status).toBe(204);
    expect((await openSession(running, code)).status).toBe(403);
  });

  test('five wrong codes make the next one wait', async () => {
    await using running = await startApi();
    for (let i = 0; i < 5; i++) expect((await openSession(running, `wrong${i}`)).status).toBe(403);
    const answer = await openSession(running, 'wrong');
    expect([answer.status, Number(answer.headers['retry-after']) > 20]).toEqual([429, true]);
  });

  test('may do what a button does, and nothing that takes a terminal', async () => {
    await using running = await startApi();
    const cookie = await signIn(running);
    const headers = { ...own(running), cookie, 'content-type': 'application/json' };
    for (const path of [
      '/api/v1/plans',
      '/api/v1/requests/7F3K/verify',
      '/api/v1/account',
      '/api/v1/plans/x/arm',
    ]) {
      const answer = await ask({ port: running.port, method: 'POST', path, headers, body: '{}' });
      expect([path, answer.status]).toEqual([path, 403]);
    }
  });

  test('carries its security headers on every answer, refusals included', async () => {
    await using running = await startApi();
    for (const headers of [{}, { host: 'evil.example' }]) {
      const answer = await ask({ port: running.port, path: '/api/v1/status', headers });
      expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
      expect(answer.headers['x-frame-options']).toBe('DENY');
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
  });
});

const hostsOf = (port: number): string[] => [
  'evil.example',
  `evil.example:${port}`,
  '127.0.0.1',
  `127.1:${port}`,
  `0:${port}`,
  `0.0.0.0:${port}`,
  `[::ffff:127.0.0.1]:${port}`,
  `127.0.0.1.:${port}`,
  `localhost.:${port}`,
  `LOCALHOST.evil:${port}`,
  `user@127.0.0.1:${port}`,
  `127.0.0.1:${port + 1}`,
  `127.0.0.1:${port} `.trimEnd() + '.evil.example',
  `2130706433:${port}`,
  `0x7f000001:${port}`,
  '',
];

test('a name that is not the page’s own is refused before anything else', async () => {
  await using running = await startApi();
  const cookie = await signIn(running);
  for (const host of hostsOf(running.port)) {
    const answer = await ask({ port: running.port, path: '/api/v1/status', headers: { host, cookie } });
    expect([host, answer.status]).toEqual([host, host === '' ? answer.status : 403]);
    expect(answer.status).not.toBe(200);
  }
});

test('no write of another site is accepted, whatever it looks like', async () => {
  await using running = await startApi();
  const cookie = await signIn(running);
  const origins = [
    undefined,
    'null',
    'http://evil.example',
    'http://127.0.0.1',
    `http://[::1]:${running.port}`,
    `http://localhost:${running.port + 1}`,
    `https://127.0.0.1:${running.port}`,
  ];
  const sites = [undefined, 'cross-site', 'same-site', 'none'];
  const types = [
    undefined,
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json',
  ];
  const matrix = ['POST', 'PATCH', 'PUT'].flatMap((method) =>
    origins.flatMap((origin) =>
      sites.flatMap((site) => types.map((type) => ({ method, origin, site, type }))),
    ),
  );
  const accepted: unknown[] = [];
  for (const { method, origin, site, type } of matrix) {
    const headers = Object.fromEntries(
      Object.entries({
        host: `127.0.0.1:${running.port}`,
        cookie,
        origin,
        'sec-fetch-site': site,
        'content-type': type,
      }).filter((header): header is [string, string] => header[1] !== undefined),
    );
    const answer = await ask({
      port: running.port,
      method,
      path: '/api/v1/sessions',
      headers,
      body: '{"code":"x"}',
    });
    const isRefused = answer.status === 403 && answer.text.includes('does not come from the page');
    if (!isRefused) accepted.push([method, origin, site, type, answer.status]);
  }
  expect(matrix.length).toBe(420);
  expect(accepted).toEqual([]);
});

test('from its own origin only JSON is read', async () => {
  await using running = await startApi();
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/json',
  ]) {
    const headers = { ...own(running), 'sec-fetch-site': 'same-origin', 'content-type': type };
    const answer = await ask({
      port: running.port,
      method: 'POST',
      path: '/api/v1/sessions',
      headers,
      body: '{"code":"x"}',
    });
    expect([type, answer.status, answer.text]).toEqual([
      type,
      403,
      expect.stringContaining('only application/json'),
    ]);
  }
});

test('two host headers are refused', async () => {
  await using running = await startApi();
  const host = `127.0.0.1:${running.port}`;
  const answer = await ask({
    port: running.port,
    path: '/api/v1/status',
    headers: { host: [host, 'evil.example'] },
  }).catch(() => ({ status: 400 }));
  expect([400, 403]).toContain(answer.status);
});
