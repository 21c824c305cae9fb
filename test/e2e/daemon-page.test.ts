import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Job, Plan, Snapshot, SpaceCommand } from '../../contract/index.ts';
import { SpaceFaults } from '../../space/faults.ts';
import { eventually } from '../harness/eventually.ts';
import { TestSystem } from '../harness/system.ts';
import { adminPage, type AdminPage } from './page-actions.ts';
import { launchBrowser, openWatched, type WatchedPage } from './page-browser.ts';

const SOURCE_BYTES = 3 * 1024 * 1024;
/** Long enough that the running job is seen, short for a test. */
const UPLOAD_DELAY_MS = 1_500;
const REBOUND_NAME = 'rebound.test';

const faults = new SpaceFaults();
let system: TestSystem;
let browser: Browser;
let watched: WatchedPage;
let admin: AdminPage;
let plan: Plan;

beforeAll(async () => {
  [system, browser] = await Promise.all([
    TestSystem.paired({ page: true, faults, config: { remote: { plan: 'ask' } } }),
    launchBrowser([`--host-resolver-rules=MAP ${REBOUND_NAME} 127.0.0.1`]),
  ]);
  const source = system.folder('My photos');
  writeFileSync(join(source, 'Straße am Meer.jpg'), randomBytes(SOURCE_BYTES));
  plan = await system.addPlan('photos', [source], ['--kit-file', join(system.dir, 'kit.txt')]);
  watched = await openWatched(browser);
  admin = adminPage(watched.page);
});
afterAll(async () => {
  await watched?.[Symbol.asyncDispose]();
  await browser?.close();
  await system?.[Symbol.asyncDispose]();
});

/** For a person who wants to look: SCREENSHOT_DIR=/tmp/look npx vitest run test/e2e/daemon-page.test.ts */
async function look(name: string): Promise<void> {
  const folder = process.env['SCREENSHOT_DIR'];
  if (folder) await watched.page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

describe('the page of the real daemon', () => {
  it('asks for a command without a session, and opens with the link of that command, once', async () => {
    await watched.page.goto(system.pageUrl);
    await watched.page.getByText('olares-backup open').first().waitFor();
    await look('1-sign-in');
    const { url } = await system.json<{ url: string }>(['open']);
    await watched.page.goto(url);
    await admin.planCard('photos').waitFor();
    await look('2-home-before-the-first');
    await using stranger = await openWatched(browser);
    await stranger.page.goto(url);
    await stranger.page.getByRole('button', { name: 'Try again' }).waitFor();
    expect(await stranger.page.locator('[data-plan]').count()).toBe(0);
  });

  it('shows the first snapshot arriving, live, while the command line makes it', async () => {
    faults.storage = {
      before: ({ operation, key }) =>
        operation === 'PutObject' && key.includes('/data/') ? { delayMs: UPLOAD_DELAY_MS } : undefined,
    };
    const backup = system.json<Job>(['backup', 'photos']);
    await admin.runningJobs().filter({ hasText: 'photos' }).waitFor();
    await look('3-home-running');
    const job = await backup;
    faults.storage = undefined;
    expect(job.state).toBe('succeeded');
    await admin.runningJobs().waitFor({ state: 'detached' });
    await expect.poll(() => admin.health()).toBe('Everything is backed up.');
    await watched.page.getByText('New snapshot of photos: 1 file, 3 MiB').waitFor();
    expect(await watched.page.locator('main').innerText()).not.toContain('in less than a minute');
    await look('4-home-backed-up');
    await admin.openSnapshots();
    await expect.poll(() => admin.snapshotRows().count()).toBe(1);
    await look('5-snapshots');
    await admin.snapshotRows().getByRole('link').first().click();
    await watched.page.getByText('Straße am Meer.jpg').waitFor();
    await look('6-snapshot');
    await admin.openJobs();
    await expect.poll(() => admin.jobRows().count()).toBe(1);
    await look('7-jobs');
  });

  it('keeps its session over a reload', async () => {
    await watched.page.goto(`${system.pageUrl}/#/`);
    await watched.page.reload();
    await admin.planCard('photos').waitFor();
    expect(await admin.health()).toBe('Everything is backed up.');
  });

  it('shows a restore that Space proposes, with the command that answers it', async () => {
    const [snapshot] = await system.json<Snapshot[]>(['snapshot', 'list', 'photos']);
    const device = await eventually(firstDevice, 'the machine in the Space');
    system.space.command({
      deviceId: device,
      kind: 'restore.propose',
      params: { planId: plan.id, snapshotId: String(snapshot?.resticId), note: 'for <b>Bob</b>' },
      askedBy: 'test',
    });
    const card = watched.page.locator('[data-request]');
    await card.waitFor();
    const code = String(await card.getAttribute('data-request'));
    expect(await admin.requestCommand(code)).toBe(`olares-backup restore ${code}`);
    expect(await card.innerText()).toContain('for <b>Bob</b>');
    await look('8-request');
    await system.done(['restore', code, '--dry-run']);
    await card.getByText('1 file, 3 MiB', { exact: true }).waitFor();
    await look('9-request-looked-at');
    await admin.decline(code);
    await card.waitFor({ state: 'detached' });
    expect(await system.json(['request', 'list'])).toEqual([]);
    const asked = { kind: 'restore.propose', status: 'refused', code: 'declined', requestCode: code };
    await eventually(async () => {
      const { spaceCommands } = await system.json<{ spaceCommands: SpaceCommand[] }>([
        'request',
        'list',
        '--all',
      ]);
      return spaceCommands[0]?.status === 'refused';
    }, 'the end of the command');
    expect(await system.json(['request', 'list', '--all'])).toMatchObject({
      requests: [{ code, state: 'declined' }],
      spaceCommands: [{ ...asked, planName: 'photos', text: 'for <b>Bob</b>' }],
    });
    await watched.page.getByText('What Space asked of this machine').click();
    await watched.page.getByText('refused: declined at this machine').waitFor();
  });

  it('holds what Space asks until a person says yes, on the page or at the terminal', async () => {
    const ask = (kind: 'plan.pause' | 'plan.resume') => {
      const deviceId = system.space.state.devices.list()[0]?.id ?? '';
      const params = { planId: plan.id };
      const { id } = system.space.command({ deviceId, kind, params, askedBy: 'test' });
      return () => system.space.state.commands.byId(id);
    };
    const pause = ask('plan.pause');
    const card = watched.page.locator('[data-asked]', { hasText: 'pause a plan' });
    await card.waitFor();
    await look('5-asked');
    expect(await card.innerText()).toContain('photos');
    expect((await system.api.call('getPlan', { params: { plan: plan.id } })).state).toBe('armed');
    await card.getByRole('button', { name: 'Approve' }).click();
    await card.waitFor({ state: 'detached' });
    await eventually(() => pause()?.status === 'done', 'the pause at Space');
    expect((await system.api.call('getPlan', { params: { plan: plan.id } })).state).toBe('paused');

    const resume = ask('plan.resume');
    await card.or(watched.page.locator('[data-asked]')).waitFor();
    const code = String(resume()?.requestCode);
    expect((await system.done(['request', 'list'])).stdout).toContain(`request approve ${code}`);
    await system.done(['request', 'approve', code]);
    await eventually(() => resume()?.status === 'done', 'the resumption at Space');
    expect((await system.api.call('getPlan', { params: { plan: plan.id } })).state).toBe('armed');
  });

  it('lets no other origin read or cause anything, although the browser is signed in', async () => {
    const before = await system.jobs();
    await using stranger = await startStranger();
    const page = await watched.page.context().newPage();
    await page.goto(stranger.url);
    const outcome = await attack(page, system.pageUrl, plan.id);
    expect(outcome).toEqual({
      'read status': 'blocked',
      'read status as script': 'blocked',
      'write as JSON': 'blocked',
      'write as text': 'blocked',
      'write as form': 'blocked',
      'pause the plan': 'blocked',
      'follow events': 'blocked',
      'open a socket': 'blocked',
    });
    expect(page.frames().map((frame) => frame.url())).toEqual([
      stranger.url,
      'chrome-error://chromewebdata/',
    ]);
    await page.goto(stranger.url);
    const answer = page.waitForResponse((response) => response.url().startsWith(system.pageUrl));
    await page.evaluate(
      `document.body.innerHTML = '<form method="post" enctype="text/plain" action="${system.pageUrl}/api/v1/plans/${plan.id}/backup"><input name="x" value="y"></form>'; document.forms[0].submit()`,
    );
    expect((await answer).status()).toBe(403);
    await page.close();
    expect(await system.jobs()).toEqual(before);
    expect((await system.json<Plan>(['plan', 'show', 'photos'])).state).toBe(plan.state);
  });

  it('is served under its own name only', async () => {
    const { port } = new URL(system.pageUrl);
    const page = await watched.page.context().newPage();
    const answer = await page.goto(`http://${REBOUND_NAME}:${port}/`);
    expect(answer?.status()).toBe(403);
    expect(await page.content()).not.toContain('photos');
    await page.close();
    for (const host of [`evil.example:${port}`, '127.0.0.1', `127.0.0.1:${port}.evil.example`, '']) {
      expect(await statusFor(port, host)).toBeGreaterThanOrEqual(400);
    }
  });

  it('tells that Space is away, and that the agent is', async () => {
    await watched.page.goto(`${system.pageUrl}/#/`);
    await system.space.close();
    await watched.page.locator('.condition', { hasText: 'No connection to Olares Space' }).waitFor();
    await look('9-space-away');
    await system.stopDaemon();
    const banner = watched.page.getByText('Reconnecting to the agent');
    await banner.waitFor();
    expect(await banner.isVisible()).toBe(true);
    await look('10-agent-away');
  });

  it('broke no policy of its own in all of this', () => {
    expect(watched.faults).toEqual([]);
  });
});

async function firstDevice(): Promise<string | undefined> {
  const devices = await system.space.state.devices.list();
  return devices[0]?.id;
}

/** Another page of this machine: same site, so the browser sends the session's cookie along. */
async function startStranger(): Promise<AsyncDisposable & { url: string }> {
  const server: Server = createServer((_request, response) =>
    response.setHeader('content-type', 'text/html').end('<!doctype html><body>elsewhere'),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** What a script of another origin can try. `unreadable`: answered, but the browser hides the answer from it. */
const attack = (page: Page, daemon: string, planId: string): Promise<Record<string, string>> =>
  page.evaluate(
    `(async () => {
      const api = ${JSON.stringify(`${daemon}/api/v1`)};
      const planId = ${JSON.stringify(planId)};
      const send = (path, init) => fetch(api + path, { credentials: 'include', ...init }).then(
        (response) => (response.type === 'opaque' ? 'unreadable' : 'readable'), () => 'blocked');
      const simple = (type, body) => ({ method: 'POST', mode: 'no-cors', headers: { 'content-type': type }, body });
      const arrives = (target, good, bad) => new Promise((resolve) => {
        target.addEventListener(good, () => resolve('works'));
        target.addEventListener(bad, () => resolve('blocked'));
      });
      const element = (name, attributes) => {
        const made = Object.assign(document.createElement(name), attributes);
        document.body.append(made);
        return made;
      };
      const frame = element('iframe', { src: ${JSON.stringify(daemon)} });
      await new Promise((resolve) => frame.addEventListener('load', resolve));
      return {
        'read status': await send('/status'),
        'read status as script': await arrives(element('script', { src: api + '/status' }), 'load', 'error'),
        'write as JSON': await send('/plans/' + planId + '/backup', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }),
        'write as text': await send('/plans/' + planId + '/backup', simple('text/plain', '{}')),
        'write as form': await send('/plans/' + planId + '/backup', simple('application/x-www-form-urlencoded', 'a=b')),
        'pause the plan': await send('/plans/' + planId + '/pause', { method: 'POST', mode: 'no-cors' }),
        'follow events': await arrives(new EventSource(api + '/events', { withCredentials: true }), 'open', 'error'),
        'open a socket': await arrives(new WebSocket(api.replace('http', 'ws') + '/events'), 'open', 'error'),
      };
    })()`,
  );

function statusFor(port: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path: '/api/v1/status', headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}
