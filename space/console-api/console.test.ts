import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { writePrice } from '../state/price.ts';
import { connect, pairMachine, type Agent, type Machine } from '../testing/agent.ts';
import { startTestSpace, type TestSpace } from '../testing/fixture.ts';

const CHROMIUM = '/usr/bin/chromium';
const PLAN = '7b1e0000-0000-4000-8000-000000000001';
const RESTIC_ID = 'a'.repeat(64);
const ROOT = join(import.meta.dirname, '..', '..');
/** Set to a directory to look at what the tests saw. */
const SHOTS = process.env['CONSOLE_SHOTS'];

let pageDir: string;
let browser: Browser;
let fixture: TestSpace;
let machine: Machine;
let page: Page;
const problems: string[] = [];

const shot = async (name: string): Promise<void> => {
  if (SHOTS !== undefined) await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
};
const text = async (): Promise<string> => page.locator('body').innerText();
const sees = async (part: string): Promise<void> => {
  await expect.poll(text, { timeout: 10_000 }).toContain(part);
};

async function reportSnapshot(number: number, change: Record<string, string> = {}): Promise<void> {
  const { userid, token } = machine.paired;
  const sts = await fixture.call('/v1/resource/stsToken/backup', { userid, token, clusterId: '' });
  const prefix = String(sts.data?.['prefix']);
  await fixture.call('/v1/resource/snapshot/save', {
    userid,
    backupId: PLAN,
    snapshotId: `c9d00000-0000-4000-8000-00000000000${number}`,
    resticSnapshotId: RESTIC_ID,
    size: 123_456_789,
    realSnapshotSize: 98_765_432,
    snapshotTime: Math.floor(Date.now() / 1000) - number * 86_400,
    status: 'Completed',
    type: number === 3 ? 'fully' : 'incremental',
    url: `${fixture.space.url}/olares-space/${prefix}/olares-backups/photos-${PLAN}`,
    message: '',
    ...change,
  });
}

async function reportBackup(name: string): Promise<void> {
  const { userid, token } = machine.paired;
  const body = {
    userid,
    token,
    backupId: PLAN,
    name,
    backupType: 1,
    backupTime: 1_767_225_600,
    backupPath: '/Files/Home/Pictures/',
    backupLocation: 'space',
  };
  await fixture.post('/v1/resource/backup/save', JSON.stringify(body), {
    'content-type': 'application/json',
  });
}

async function openConsole(options: { width?: number; dark?: boolean } = {}): Promise<void> {
  page = await browser.newPage({
    viewport: { width: options.width ?? 1100, height: 800 },
    colorScheme: options.dark === true ? 'dark' : 'light',
  });
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(error.message));
  await page.goto(fixture.space.createConsoleLink());
}

describe.runIf(existsSync(CHROMIUM))('the console in a browser', () => {
  beforeAll(async () => {
    pageDir = await mkdtemp(join(tmpdir(), 'console-page-'));
    const root = join(ROOT, 'space', 'console');
    await build({
      root,
      configFile: join(root, 'vite.config.ts'),
      logLevel: 'error',
      build: { outDir: pageDir, emptyOutDir: true },
    });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser.close();
    await rm(pageDir, { recursive: true });
  });
  beforeEach(async () => {
    problems.length = 0;
    fixture = await startTestSpace({ pageDir });
    machine = await pairMachine(fixture);
  });
  afterEach(async () => {
    await page.close();
    await fixture[Symbol.asyncDispose]();
  });

  it('shows an account without backups, and makes a pairing code', async () => {
    fixture.space.state.accounts.setLimits('alice@olares.com', { overageBytes: 5 * 1024 ** 3 });
    writePrice(fixture.space.state, { currency: 'USD', perGibMonth: 0.02 });
    await openConsole();
    await sees('No backups yet');
    await sees('0 bytes of 10.0 GiB used');
    await sees('Up to 5.0 GiB more for 0.02 USD per GiB and month.');
    await page.getByRole('button', { name: 'Make a pairing code' }).click();
    await sees(`olares-backup login --space ${fixture.space.url} --code `);
    const code = (await page.locator('.pairing .code').innerText()).trim();
    await shot('empty');
    await expect(pairMachine(fixture, code)).resolves.toBeDefined();
    expect(problems).toEqual([]);
    expect(page.url()).not.toContain('code=');
  });

  it('takes a restore from the button to its end, live, without ever asking for a password', async () => {
    await reportBackup('photos');
    for (const number of [1, 2, 3]) await reportSnapshot(number);
    const agent = await connect(fixture, machine);
    await openConsole();
    await sees('last good snapshot yesterday');
    await shot('backups');
    await page.getByRole('button', { name: 'Restore to local' }).first().click();
    await page.getByLabel('Note for the person there (optional)').fill('from Anna');
    await shot('ask');
    await page.getByRole('button', { name: 'Ask the machine' }).click();
    await answerRestore(agent);
    await sees('olares-backup restore 7F3K');
    await sees('Waiting for a person at the machine');
    await sees('Type your password there, never here.');
    expect(await page.locator('input[type=password]').count()).toBe(0);
    await shot('guide');
    agent.event(2, 'request.state', { request: { id: PLAN, code: '7F3K', state: 'restoring' } });
    await sees('Restoring');
    agent.event(3, 'request.state', { request: { id: PLAN, code: '7F3K', state: 'done' } });
    await sees('Restored');
    expect(problems).toEqual([]);
    agent.socket.terminate();
  });

  async function answerRestore(agent: Agent): Promise<void> {
    const command = await agent.nextCommand();
    expect(command).toMatchObject({
      kind: 'restore.propose',
      params: { planId: PLAN, snapshotId: RESTIC_ID, note: 'from Anna' },
    });
    const { backupUrl } = command.params as { backupUrl: string };
    const url = new URL(Buffer.from(backupUrl, 'base64').toString());
    expect(url.origin).toBe(fixture.space.url);
    expect(url.pathname).toMatch(
      new RegExp(`^/olares-space/did:key:z6Mk[^/]+-[0-9a-f]{12}/olares-backups/photos-${PLAN}$`),
    );
    expect(Buffer.from(url.searchParams.get('backupPath') ?? '', 'base64').toString()).toBe(
      '/Files/Home/Pictures/',
    );
    agent.send({ type: 'result', commandId: command.commandId, status: 'waiting', requestCode: '7F3K' });
    agent.event(1, 'request.state', { request: { id: PLAN, code: '7F3K', state: 'proposed' } });
  }

  it('shows hostile names as text, a running backup, faults, and a machine that goes away', async () => {
    const hostile = '<img src=x onerror=alert(1)>\u202egnp.exe';
    await reportBackup(hostile);
    await reportSnapshot(1, { status: 'Failed', resticSnapshotId: '', message: 'the disk <b>is full</b>' });
    const agent = await connect(fixture, machine);
    agent.event(1, 'job.state', {
      job: { id: RESTIC_ID.slice(0, 36), kind: 'backup', planId: PLAN, state: 'running' },
    });
    agent.event(2, 'health.raised', {
      condition: { code: 'x', message: 'A source folder <i>has become</i> empty.' },
    });
    await agent.next('ack');
    await openConsole({ width: 390, dark: true });
    await sees('<img src=x onerror=alert(1)>\ufffdgnp.exe');
    await sees('the disk <b>is full</b>');
    await sees('A source folder <i>has become</i> empty.');
    await sees('Backing up: running');
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await shot('narrow-dark');
    agent.socket.terminate();
    await sees('not connected');
    expect(problems).toEqual([]);
  });

  it('tells how to get in when nobody is signed in, and why a link did not work', async () => {
    await openConsole();
    await sees('No backups yet');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await sees('olares-space console-link');
    await shot('sign-in');
    await page.goto(`${fixture.space.url}/#code=wrong`);
    await page.reload();
    await sees('this sign-in link was used before');
    expect(await page.getByRole('button').count()).toBe(0);
  });
});
