import type { Browser, Page } from 'playwright-core';
import { gzipSync } from 'node:zlib';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError, type RestoreResult, type Status } from '../../contract/index.ts';
import { adminPage, type AdminPage } from './page-actions.ts';
import { launchBrowser, openWatched } from './page-browser.ts';
import { buildAdminPage, type BuiltPage } from './page-files.ts';
import {
  makeEndedJob,
  makeEntry,
  makeEvent,
  makeJob,
  makePlan,
  makePreview,
  makeRequest,
  makeRestoreJob,
  makeSnapshot,
  makeStatus,
  NOW,
  uuid,
} from './page-fixtures.ts';
import { startStandIn, type StandIn } from './page-stand-in.ts';

const MAX_SCRIPT_GZIP_BYTES = 80 * 1024;
const HOSTILE = '<img src=x onerror="document.title=\'owned\'">\u202egnp.exe';

let built: BuiltPage;
let browser: Browser;

beforeAll(async () => {
  [built, browser] = await Promise.all([buildAdminPage(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await built?.[Symbol.asyncDispose]();
});

interface Scene {
  readonly daemon: StandIn;
  readonly admin: AdminPage;
  readonly faults: readonly string[];
}

/** Opens the page on a stand-in with this status, plays, and asserts that the page broke no policy. */
async function onPage(status: Status, hash: string, play: (scene: Scene) => Promise<void>): Promise<void> {
  await using daemon = await startStandIn(built.dir);
  daemon.answer({ getStatus: () => status, listJobs: () => [], listSnapshots: () => [] });
  await using watched = await openWatched(browser);
  await watched.page.goto(`${daemon.url}${hash}`);
  try {
    await play({ daemon, admin: adminPage(watched.page), faults: watched.faults });
  } finally {
    expect(daemon.mistakes).toEqual([]);
  }
  expect(watched.faults).toEqual([]);
  // Nothing can be typed on the page, so no password is.
  const fields = 'input:not([type=checkbox], [type=radio]), textarea, form, [contenteditable]';
  expect(await watched.page.locator(fields).count()).toBe(0);
}

/** For a person who wants to look: SCREENSHOT_DIR=/tmp/look npx vitest run test/e2e/page.test.ts */
async function look(page: Page, name: string): Promise<void> {
  const folder = process.env['SCREENSHOT_DIR'];
  if (!folder) return;
  for (const [kind, width, colorScheme] of [
    ['wide-light', 1200, 'light'],
    ['wide-dark', 1200, 'dark'],
    ['narrow', 360, 'light'],
  ] as const) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    await page.screenshot({ path: join(folder, `${name}-${kind}.png`), fullPage: true });
  }
}

describe('admin page', () => {
  it('transfers at most 80 KB of compressed script', () => {
    const assets = join(built.dir, 'assets');
    const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'));
    const bytes = scripts.map((name) => gzipSync(readFileSync(join(assets, name))).length);
    expect(scripts.length).toBeGreaterThan(0);
    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(MAX_SCRIPT_GZIP_BYTES);
  });

  it('says what to type when there is no session, and exchanges a code that leaves the address', async () => {
    let isSignedIn = false;
    await using daemon = await startStandIn(built.dir);
    daemon.answer({
      createSession: ({ body }) => {
        if ((body as { code: string }).code !== 'once-1')
          throw new AppError('refused', 'the code is used up');
        isSignedIn = true;
      },
      getStatus: () => {
        if (!isSignedIn) throw new AppError('not_signed_in', 'no session');
        return makeStatus();
      },
      listJobs: () => [],
    });
    await using watched = await openWatched(browser);
    const { page } = watched;
    await page.goto(`${daemon.url}#code=wrong`);
    await page.getByText('Type olares-backup open in a terminal on this machine').waitFor();
    await page.getByText('the code is used up').waitFor();
    expect(await page.locator('input').count()).toBe(0);
    await page.goto(`${daemon.url}#code=once-1`);
    expect(await adminPage(page).health()).toBe("Everything's backed up");
    expect(page.url()).toBe(`${daemon.url}#/`);
    expect(watched.faults).toEqual([]);
  });

  it('shows the first snapshot arriving live', async () => {
    const plan = makePlan({ snapshotCount: 0, storedBytes: 0 });
    delete (plan as Partial<typeof plan>).lastGoodAt;
    let status = makeStatus({ plans: [plan], level: 'waiting', sentence: 'Waiting for the first backup' });
    await onPage(status, '', async ({ daemon, admin }) => {
      daemon.answer({ getStatus: () => status, backupPlan: () => makeJob(1, { state: 'queued' }) });
      await admin.planCard('Documents').getByText('None yet').waitFor();
      await admin.backUpNow('Documents');
      await admin
        .planCard('Documents')
        .getByRole('button', { name: /^Backing up/ })
        .waitFor();
      daemon.emit(makeEvent(41, 'job.state', { job: makeJob(1) }));
      daemon.emitProgress(progressOf(0.42));
      const bar = admin.runningJobs().getByRole('progressbar');
      await expect.poll(() => bar.getAttribute('aria-valuenow')).toBe('42');
      await admin.runningJobs().getByText('12 MiB/s').waitFor();

      const done = makePlan({ snapshotCount: 1, lastGoodAt: Date.now() });
      status = makeStatus({ plans: [done], eventSeq: 44 });
      daemon.emit(makeEvent(42, 'snapshot.recorded', { snapshot: makeSnapshot(0) }));
      daemon.emit(makeEvent(43, 'job.state', { job: makeEndedJob(0, { id: uuid(5001) }) }));
      daemon.emit(makeEvent(44, 'plan.changed', { plan: done }));
      await admin.planCard('Documents').getByText('1 snapshot').waitFor();
      await admin.page.getByText(/New snapshot of Documents: 40,211 files/).waitFor();
      await expect.poll(() => admin.health()).toBe("Everything's backed up");
      await expect.poll(() => admin.runningJobs().count()).toBe(0);
    });
  });

  it('starts a backup all the same that only its estimate has stopped', async () => {
    const error = { code: 'quota_exceeded' as const, message: '7 GiB more', field: 'ignoreEstimate' };
    await onPage(makeStatus(), '', async ({ daemon, admin }) => {
      const failed = makeJob(2, { state: 'failed', error });
      daemon.answer({ backupPlan: () => makeJob(1, { state: 'queued' }), listJobs: () => [failed] });
      const anyway = admin.planCard('Documents').getByRole('button', { name: /^Start anyway/ });
      daemon.emit(makeEvent(41, 'job.state', { job: failed }));
      await anyway.waitFor();
      await look(admin.page, 'estimate-refusal');
      await anyway.click();
      await anyway.waitFor({ state: 'detached' });
      const started = daemon.calls.filter(({ name }) => name === 'backupPlan');
      expect(started.map(({ query }) => query)).toEqual([{ ignoreEstimate: 'true' }]);
    });
  });

  it('shows the command for a pending request and can decline it, but has no way to start it', async () => {
    await onPage(makeStatus({ requests: [makeRequest()] }), '', async ({ daemon, admin }) => {
      expect(await admin.requestCommand('7F3K')).toBe('olares-backup restore 7F3K');
      const card = admin.requestCard('7F3K');
      expect(await card.getByRole('button').allInnerTexts()).toEqual(['Copy', 'Decline']);
      daemon.answer({ declineRequest: () => makeRequest({ state: 'declined' }) });
      await card.getByRole('combobox', { name: 'Reason for declining' }).selectOption('not now');
      await admin.decline('7F3K');
      await card.waitFor({ state: 'detached' });
      const declined = daemon.calls.filter(({ name }) => name === 'declineRequest');
      expect(declined.map(({ body }) => body)).toEqual([{ reason: 'not now' }]);
      daemon.emit(makeEvent(41, 'request.state', { request: makeRequest({ id: uuid(7001), code: '2QXM' }) }));
      expect(await admin.requestCommand('2QXM')).toBe('olares-backup restore 2QXM');
      const choice = { target: '/home/me/Docs', inPlace: true, conflict: 'keep' as const, include: ['/d/a'] };
      const going = makeRequest({ id: uuid(7001), code: '2QXM', state: 'restoring', choice });
      daemon.emit(makeEvent(42, 'request.state', { request: going }));
      await admin
        .requestCard('2QXM')
        .getByText('/home/me/Docs · in place · files that are there stay')
        .waitFor();
      await admin.requestCard('2QXM').getByText('/d/a').waitFor();
    });
  });

  it('shows what a restore would do, and what became of it with the way back', async () => {
    const asked = makeRequest({ state: 'opened', preview: makePreview() });
    await onPage(makeStatus({ requests: [asked] }), '', async ({ daemon, admin }) => {
      const card = admin.requestCard('7F3K');
      await card.getByText('12 new, 3 changed, 40,187 the same').waitFor();
      await card.getByText('up to 1.3 GiB, about 1 min 35 s').waitFor();
      expect(await card.getByRole('list', { name: 'Some of the files' }).innerText()).toMatch(
        /new\s+letters\/to bob.txt\s+changed\s+taxes\/2026.ods\s+deleted\s+ransom note.txt/,
      );
      await look(admin.page, 'request-preview');
      const job = makeRestoreJob();
      const { undoPath = '', undoUntil = 0 } = job.result as RestoreResult;
      const ended = makeRequest({ state: 'incomplete', jobId: job.id, undoPath, undoUntil });
      daemon.answer({ listRequests: () => [ended], getJob: () => job });
      daemon.emit(makeEvent(41, 'request.state', { request: ended }));
      const after = admin.page.locator('[data-ended="7F3K"]');
      await after.getByText('olares-backup request undo 7F3K').waitFor();
      const text = await after.innerText();
      expect(text).toContain('40,201 files read again by restic, 200 hashed by us');
      expect(text).toMatch(/1 file could not be restored:\s+\S+keys.kdbx\s*its data is damaged/);
      expect(text).toContain('12 new, 3 replaced, 40,187 the same, 2 there only, deleted');
      await look(admin.page, 'request-ended');
    });
  });

  it('shows an error condition with its way out, live, and takes it away again', async () => {
    const condition = {
      code: 'space_rejected',
      level: 'error' as const,
      message: 'Space refuses this machine',
      hint: 'sign in again with `olares-backup login`',
      since: NOW,
    };
    let status = makeStatus({
      level: 'error',
      sentence: 'A backup needs attention',
      conditions: [condition],
    });
    await onPage(status, '', async ({ daemon, admin }) => {
      daemon.answer({ getStatus: () => status });
      await admin.page.getByText('Error: Space refuses this machine').waitFor();
      await admin.page.locator('.condition code', { hasText: 'olares-backup login' }).waitFor();
      await admin.page.getByText('Needs attention', { exact: true }).waitFor();
      status = makeStatus({ eventSeq: 41 });
      daemon.emit(makeEvent(41, 'health.cleared', { code: 'space_rejected' }));
      await admin.page.locator('.condition').waitFor({ state: 'detached' });
      await admin.page.getByText('All good').waitFor();
      expect(await admin.health()).toBe("Everything's backed up");
    });
  });

  it('goes on after the last seen event when the connection comes back', async () => {
    await onPage(makeStatus(), '', async ({ daemon, admin }) => {
      await expect.poll(() => daemon.streams).toEqual([40]);
      daemon.emit(makeEvent(41, 'notice', { text: 'seen before the cut' }));
      await admin.page.getByText('seen before the cut').waitFor();
      daemon.setReachable(false);
      await admin.page.getByText('Reconnecting to the agent').waitFor();
      daemon.emit(makeEvent(42, 'notice', { text: 'sent while away' }));
      daemon.answer({
        getStatus: () => makeStatus({ eventSeq: 42, sentence: 'Backing up now', level: 'busy' }),
      });
      daemon.setReachable(true);
      await admin.page.getByText('sent while away').waitFor();
      await admin.page.getByText('Reconnecting to the agent').waitFor({ state: 'detached' });
      expect(daemon.streams).toEqual([40, 41]);
      expect(await admin.page.getByText('seen before the cut').count()).toBe(1);
      expect(await admin.health()).toBe('Backing up now');
    });
  });

  it('shows hostile names and notes as text', async () => {
    const status = makeStatus({
      sentence: HOSTILE,
      plans: [makePlan({ name: HOSTILE, paths: [`/tmp/${HOSTILE}`] })],
      requests: [makeRequest({ note: HOSTILE, planName: HOSTILE, code: '7F3K; rm -rf ~' })],
    });
    await onPage(status, '', async ({ daemon, admin }) => {
      expect(await admin.health()).toContain('<img src=x onerror=');
      expect(await admin.page.content()).not.toContain('\u202e');
      expect(await admin.page.locator('img').count()).toBe(0);
      expect(await admin.page.locator('.command code').first().innerText()).toBe(
        'olares-backup restore 7F3Krm-rf',
      );
      daemon.answer({
        getSnapshot: () => makeSnapshot(0, { planName: HOSTILE }),
        listEntries: () => [makeEntry(`/home/alice/Documents/${HOSTILE.replaceAll('/', '')}`)],
      });
      await admin.page.goto(`${daemon.url}#/snapshots/${uuid(1000)}`);
      await admin.page.locator('.row__name', { hasText: '<img src=x' }).waitFor();
      expect(await admin.page.title()).toBe('Snapshot · Olares Backup');
    });
  });
});

const progressOf = (fraction: number) => ({
  jobId: uuid(5001),
  phase: 'uploading' as const,
  fraction,
  filesDone: 312,
  filesTotal: 40_211,
  bytesDone: 1_288_490_188,
  bytesTotal: 3 * 1024 ** 3,
  bytesPerSecond: 12 * 1024 ** 2,
  remainingMs: 150_000,
});
