import { request as httpRequest } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestSpace, type TestSpace } from '../testing/fixture.ts';

let fixture: TestSpace;
let cookie: string;
beforeEach(async () => {
  fixture = await startTestSpace();
  cookie = await signIn();
});
afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
});

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
}

/** By hand: `fetch` allows neither a Host nor an Origin of one's own. */
function ask({ method = 'GET', path = '/console/api/state', headers = {}, body }: Asked) {
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; text: string }>(
    (resolve, reject) => {
      const request = httpRequest(
        { port: fixture.space.port, host: '127.0.0.1', method, path, headers },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
          );
        },
      );
      request.on('error', reject);
      request.end(body);
    },
  );
}

const ownWrite = () => ({
  'content-type': 'application/json',
  origin: fixture.space.url,
  'sec-fetch-site': 'same-origin',
  'x-olares-console': '1',
  cookie,
});

async function login(code: string) {
  const headers = { ...ownWrite(), cookie: '' };
  return ask({ method: 'POST', path: '/console/api/login', headers, body: JSON.stringify({ code }) });
}
async function signIn(): Promise<string> {
  cookie = '';
  const code = new URL(fixture.space.createConsoleLink()).hash.slice('#code='.length);
  const answer = await login(code);
  return String(answer.headers['set-cookie']).split(';')[0] ?? '';
}
const newCode = (headers: Readonly<Record<string, string>>) =>
  ask({ method: 'POST', path: '/console/api/pairing-codes', headers, body: '{"name":"mallory@olares.com"}' });
const accounts = () => fixture.space.state.accounts.list().map(({ olaresName }) => olaresName);

describe('signing in', () => {
  it('exchanges a link once for a cookie that scripts cannot read', async () => {
    const link = fixture.space.createConsoleLink();
    const code = new URL(link).hash.slice('#code='.length);
    const first = await login(code);
    expect(first.status).toBe(200);
    expect(first.headers['set-cookie']).toEqual([
      expect.stringMatching(/; HttpOnly; SameSite=Strict; Max-Age=43200$/),
    ]);
    const second = await login(code);
    expect(second.status).toBe(403);
    expect(second.text).toContain('olares-space console-link');
  });

  it('refuses a link after ten minutes and a session after twelve hours', async () => {
    const code = new URL(fixture.space.createConsoleLink()).hash.slice('#code='.length);
    fixture.advance(10 * 60_000);
    expect((await login(code)).status).toBe(403);
    expect((await ask({ headers: { cookie } })).status).toBe(200);
    fixture.advance(12 * 3_600_000);
    expect((await ask({ headers: { cookie } })).status).toBe(401);
  });

  it('lasts over a restart and ends by signing out', async () => {
    await fixture.restart();
    cookie = cookie.replace(/^olares-space-\d+/, `olares-space-${fixture.space.port}`);
    expect((await ask({ headers: { cookie } })).status).toBe(200);
    await ask({ method: 'POST', path: '/console/api/logout', headers: ownWrite(), body: '{}' });
    expect((await ask({ headers: { cookie } })).status).toBe(401);
  });

  it.each([
    '/console/api/state',
    '/console/api/events',
    '/console/api/accounts/a/backups/b/snapshots?offset=0',
  ])('is needed to read %s', async (path) => {
    expect((await ask({ path })).status).toBe(401);
  });
});

const TYPES = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/json;x=y',
  '',
  'application/json',
];
const ORIGINS = ['http://evil.example', 'null', 'http://127.0.0.1:1', ''];
const SITES = ['cross-site', 'same-site', 'none', '', 'same-origin'];

describe('a foreign page', () => {
  it('can change nothing, whatever it sends', async () => {
    const cases = TYPES.flatMap((type) =>
      [...ORIGINS, fixture.space.url].flatMap((origin) =>
        SITES.flatMap((site) => ['', '1'].map((mark) => ({ type, origin, site, mark }))),
      ),
    ).filter((each) => !isOwn(each));
    for (const { type, origin, site, mark } of cases) {
      const all = { 'content-type': type, origin, 'sec-fetch-site': site, 'x-olares-console': mark, cookie };
      const headers = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
      expect((await newCode(headers)).status, JSON.stringify(headers)).toBe(403);
    }
    expect(cases.length).toBeGreaterThan(250);
    expect(accounts()).toEqual([]);
  });

  const isOwn = ({
    type,
    origin,
    site,
    mark,
  }: Record<'type' | 'origin' | 'site' | 'mark', string>): boolean => {
    const isSame =
      site === ''
        ? origin === fixture.space.url
        : site === 'same-origin' && ['', fixture.space.url].includes(origin);
    return isSame && type === 'application/json' && mark === '1';
  };

  it('does not keep our own page from writing', async () => {
    expect((await newCode(ownWrite())).status).toBe(200);
    expect(accounts()).toEqual(['mallory@olares.com']);
  });

  it.each([
    'evil.example',
    '127.1:PORT',
    '127.0.0.1',
    '127.0.0.1:1',
    '0:PORT',
    '0.0.0.0:PORT',
    '127.0.0.1.:PORT',
    'localhost.:PORT',
    'LOCALHOST:PORT.evil.example',
    'user@127.0.0.1:PORT',
    '[::ffff:127.0.0.1]:PORT',
    '2130706433:PORT',
    'space.evil.example:PORT',
  ])('that makes the name %s point here reads nothing', async (name) => {
    for (const path of ['/', '/console/api/state', '/assets/x.js', '/console/api/events']) {
      const answer = await ask({
        path,
        headers: { host: name.replace('PORT', String(fixture.space.port)), cookie },
      });
      expect([403, 404]).toContain(answer.status);
      expect(answer.text).not.toContain('accounts');
    }
  });

  it.each(['127.0.0.1:PORT', 'localhost:PORT', '[::1]:PORT'])(
    'is told from our own name %s',
    async (name) => {
      const headers = { host: name.replace('PORT', String(fixture.space.port)), cookie };
      expect((await ask({ headers })).status).toBe(200);
    },
  );

  it('finds the policy on every answer, also on refusals', async () => {
    const answers = [
      await ask({ path: '/' }),
      await ask({ headers: { cookie } }),
      await ask({ headers: { host: 'evil.example' } }),
      await ask({}),
      await ask({ method: 'POST', headers: { cookie } }),
      await ask({ method: 'POST', path: '/console/api/pairing-codes', headers: ownWrite(), body: '{' }),
    ];
    for (const { headers } of answers) {
      expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
      expect(headers).toMatchObject({
        'x-frame-options': 'DENY',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      });
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });
});
