import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError, type Job, type Plan } from '../../contract/index.ts';
import { adminPage } from './page-actions.ts';
import { launchBrowser, openWatched, type WatchedPage } from './page-browser.ts';
import { buildAdminPage, type BuiltPage } from './page-files.ts';
import {
  makeEndedJob,
  makeEntry,
  makeEvent,
  makeJob,
  makePlan,
  makePreview,
  makeRequest,
  makeSnapshot,
  makeStatus,
  makeUsage,
  resticId,
  uuid,
} from './page-fixtures.ts';
import { startStandIn, type StandIn } from './page-stand-in.ts';

const SNAPSHOTS = 5_000;
const NARROWEST = { width: 360, height: 740 };

let built: BuiltPage;
let browser: Browser;
let daemon: StandIn;
let watched: WatchedPage;

beforeAll(async () => {
  [built, browser] = await Promise.all([buildAdminPage(), launchBrowser()]);
  daemon = await startStandIn(built.dir);
  watched = await openWatched(browser);
});
afterAll(async () => {
  await browser?.close();
  await daemon?.[Symbol.asyncDispose]();
  await built?.[Symbol.asyncDispose]();
});

/** One page for the whole file; each test says again what the daemon answers and where it begins. */
async function show(hash: string, answers: Parameters<StandIn['answer']>[0]) {
  daemon.answer({ getStatus: () => makeStatus(), listJobs: () => [], ...answers });
  await watched.page.goto('about:blank');
  await watched.page.goto(`${daemon.url}${hash}`);
  return adminPage(watched.page);
}

const fits = () => watched.page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth');

describe('lists and actions of the admin page', () => {
  it('shows thousands of snapshots with few rows in the document, up to the last one', async () => {
    const snapshots = Array.from({ length: SNAPSHOTS }, (_, n) => makeSnapshot(n));
    const admin = await show('#/snapshots', { listSnapshots: () => snapshots });
    await admin.page.getByText('5,000 snapshots').waitFor();
    expect(await admin.snapshotRows().count()).toBeLessThan(80);
    await admin.page.evaluate('scrollTo(0, document.body.scrollHeight)');
    await admin.page.locator(`a[href="#/snapshots/${uuid(1000 + SNAPSHOTS - 1)}"]`).waitFor();
    expect(await admin.snapshotRows().count()).toBeLessThan(80);
  });

  it('shows on demand what Space asked of the machine and what came of it', async () => {
    const command = {
      id: uuid(7),
      deviceId: uuid(8),
      kind: 'backup.now',
      status: 'done',
      askedAt: 1,
      receivedAt: Date.now(),
      planId: uuid(1),
      planName: 'Documents',
    };
    const refused = {
      ...command,
      id: uuid(9),
      kind: 'plan.pause',
      status: 'refused',
      code: 'not_allowed_here',
    };
    const notice = { ...command, id: uuid(10), kind: 'notice', text: '<b>look</b> \u202e' };
    const all = [command, refused, notice];
    const admin = await show('#/', {
      listSpaceCommands: ({ query }) => ({
        commands: query['limit'] === '10' ? all.slice(0, 2) : all,
        total: 3,
      }),
    });
    await admin.page.getByText('What Space asked of this machine').click();
    const rows = admin.page.getByRole('list', { name: 'Commands of Space' }).getByRole('listitem');
    await rows.getByText('refused: not allowed on this machine').waitFor();
    expect(await rows.count()).toBe(2);
    await admin.page.getByRole('button', { name: 'Show older' }).click();
    await rows.getByText('<b>look</b>').waitFor();
    expect(await rows.first().textContent()).toContain('back up now: Documents');
  });

  it('adds a snapshot to the list when it is made and marks one that is gone', async () => {
    const admin = await show('#/snapshots', { listSnapshots: () => [makeSnapshot(1)] });
    await expect.poll(() => admin.snapshotRows().count()).toBe(1);
    daemon.emit(makeEvent(41, 'snapshot.recorded', { snapshot: makeSnapshot(0, { incomplete: true }) }));
    await admin.snapshotRows().first().getByText('Incomplete').waitFor();
    daemon.emit(makeEvent(42, 'snapshot.missing', { snapshot: makeSnapshot(1, { state: 'missing' }) }));
    await admin.snapshotRows().last().getByText('Missing').waitFor();
    expect(await admin.snapshotRows().count()).toBe(2);
  });

  it('walks through the folders of a snapshot and back', async () => {
    const admin = await show(`#/snapshots/${uuid(1000)}`, {
      getSnapshot: () => makeSnapshot(0),
      listEntries: ({ query }) =>
        query['path'] === '/home/alice/Documents'
          ? [makeEntry('/home/alice/Documents/50% & more?', { type: 'dir' })]
          : [makeEntry(`${query['path']}/inside #1.txt`)],
    });
    await admin.page.getByRole('link', { name: '50% & more?' }).click();
    await admin.page.getByText('inside #1.txt').waitFor();
    const asked = daemon.calls.filter(({ name }) => name === 'listEntries').map(({ query }) => query['path']);
    expect(asked).toEqual(['/home/alice/Documents', '/home/alice/Documents/50% & more?']);
    await admin.page
      .getByRole('navigation', { name: 'Folder' })
      .getByRole('link', { name: 'Documents' })
      .click();
    await admin.page.getByRole('link', { name: '50% & more?' }).waitFor();
  });

  it('prepares a restore and shows the command that starts it', async () => {
    const admin = await show(`#/snapshots/${uuid(1003)}`, {
      getSnapshot: () => makeSnapshot(3),
      listEntries: () => [],
      createRequest: () => makeRequest({ origin: 'page', code: '9KQ2' }),
    });
    expect(await admin.prepareRestore()).toBe('olares-backup restore 9KQ2');
    const made = daemon.calls.filter(({ name }) => name === 'createRequest');
    expect(made.map(({ body }) => body)).toEqual([{ snapshot: resticId(3) }]);
    await admin.page.getByRole('link', { name: 'Home', exact: true }).click();
    expect(await admin.requestCommand('9KQ2')).toBe('olares-backup restore 9KQ2');
  });

  it('puts what is ticked and where it goes into the request', async () => {
    const entry = (name: string) => ({ path: `/home/me/${name}`, name, type: 'file' as const, size: 1 });
    const admin = await show(`#/snapshots/${uuid(1003)}`, {
      getSnapshot: () => makeSnapshot(3),
      listEntries: () => [entry('a b'), entry('evil\nname'), entry('c')],
      createRequest: () => makeRequest({ origin: 'page', code: '9KQ2' }),
    });
    await admin.page.getByRole('checkbox', { name: 'Restore only a b' }).check();
    expect(await admin.page.getByRole('checkbox', { name: /evil/ }).isDisabled()).toBe(true);
    await admin.page.getByRole('radio', { name: /In place/ }).check();
    await admin.page
      .getByRole('combobox', { name: 'Files that are there already' })
      .selectOption('files that differ are replaced');
    expect(await admin.prepareRestore()).toBe('olares-backup restore 9KQ2');
    const made = daemon.calls.findLast(({ name }) => name === 'createRequest');
    const choice = { inPlace: true, conflict: 'different', include: ['/home/me/a b'] };
    expect(made?.body).toEqual({ snapshot: resticId(3), choice });
  });

  it('pauses and resumes a plan at once, and shows why an action was refused', async () => {
    let plan: Plan = makePlan();
    const change = (state: Plan['state']) => () => (plan = makePlan({ state }));
    const admin = await show('', {
      getStatus: () => makeStatus({ plans: [plan] }),
      pausePlan: change('paused'),
      resumePlan: change('armed'),
      backupPlan: () => {
        throw new AppError('not_signed_in', 'Space wants you to sign in again', {
          hint: '`olares-backup login`',
        });
      },
    });
    await admin.pause('Documents');
    await admin
      .planCard('Documents')
      .getByRole('button', { name: /^Resume/ })
      .waitFor();
    await admin.resume('Documents');
    await admin
      .planCard('Documents')
      .getByRole('button', { name: /^Pause/ })
      .waitFor();
    await admin.backUpNow('Documents');
    // An account problem of Space is no end of this browser's session.
    await admin.planCard('Documents').getByText('Space wants you to sign in again').waitFor();
    expect(await admin.planCard('Documents').getByRole('alert').locator('code').innerText()).toBe(
      'olares-backup login',
    );
  });

  it('asks for a new session when the old one has ended', async () => {
    const ended = () => {
      throw new AppError('not_signed_in', 'this page needs a session');
    };
    const admin = await show('', { pausePlan: ended });
    await admin.planCard('Documents').waitFor();
    daemon.answer({ getStatus: ended });
    await admin.pause('Documents');
    await admin.page.getByText('Type olares-backup open in a terminal on this machine').waitFor();
    expect(await admin.planCard('Documents').count()).toBe(0);
  });

  it('cancels a running job', async () => {
    const running = makeJob(1);
    const admin = await show('', {
      getStatus: () => makeStatus({ jobs: [running], level: 'busy' }),
      cancelJob: () => ({ ...running, state: 'cancelling' }),
    });
    await admin
      .runningJobs()
      .getByRole('button', { name: /^Cancel/ })
      .click();
    await admin.runningJobs().getByText('Stopping', { exact: true }).waitFor();
    expect(await admin.runningJobs().getByRole('button').count()).toBe(0);
  });

  it('lists jobs with their outcome and tells what one left out', async () => {
    const incomplete = incompleteJob();
    const failed = makeEndedJob(2, {
      state: 'failed',
      error: { code: 'unreachable', message: 'Space did not answer', hint: 'see `olares-backup doctor`' },
    });
    delete failed.result;
    const admin = await show('#/jobs', {
      listJobs: () => [makeEndedJob(0), incomplete, failed],
      getJob: () => incomplete,
    });
    await expect.poll(() => admin.jobRows().count()).toBe(3);
    expect(await admin.jobRows().nth(2).innerText()).toContain('Space did not answer');
    await admin.jobRows().nth(1).getByRole('link').click();
    await admin.page.getByRole('heading', { name: 'Left out: 34 files' }).waitFor();
    await admin.page.getByText('/home/alice/Documents/keys.kdbx').waitFor();
    await admin.page.getByText('and 33 more').waitFor();
  });

  it('says that existing backups are safe when the quota is used up', async () => {
    const usage = makeUsage({ usedBytes: 11 * 1024 ** 3, freeBytes: 0, canBackup: false });
    const admin = await show('', { getStatus: () => makeStatus({ usage }) });
    await admin.page.getByText('Your existing backups are safe.').waitFor();
    expect(await admin.page.getByRole('meter').getAttribute('aria-valuetext')).toBe(
      '11 GiB of 10 GiB used, 0 B free',
    );
  });

  it('tells the commands to type when there is no plan yet', async () => {
    const admin = await show('', { getStatus: () => makeStatus({ plans: [] }) });
    await admin.page.getByText(/olares-backup plan add Documents --path/).waitFor();
    expect(await admin.page.getByText(/olares-backup login/).count()).toBe(0);
  });

  it('fits a screen of 360 pixels on every page, and breaks no policy', async () => {
    await watched.page.setViewportSize(NARROWEST);
    const status = makeStatus({
      jobs: [makeJob(1)],
      requests: [
        makeRequest({ note: 'x'.repeat(300), preview: makePreview({ target: `/${'t'.repeat(200)}` }) }),
      ],
      plans: [makePlan({ name: 'n'.repeat(90), paths: [`/${'p'.repeat(200)}`] })],
    });
    const incomplete = incompleteJob();
    for (const hash of [
      '',
      '#/snapshots',
      `#/snapshots/${uuid(1000)}`,
      '#/jobs',
      `#/jobs/${incomplete.id}`,
    ]) {
      await show(hash, {
        getStatus: () => status,
        listRequests: () => [makeRequest({ state: 'done', jobId: uuid(5100), undoPath: '/x' })],
        listSnapshots: () => [makeSnapshot(0, { incomplete: true })],
        getSnapshot: () => makeSnapshot(0),
        listEntries: () => [makeEntry(`/home/${'f'.repeat(255)}`)],
        listJobs: () => [incomplete],
        getJob: () => incomplete,
      });
      await watched.page.locator('.card').first().waitFor();
      expect({ hash, fits: await fits() }).toEqual({ hash, fits: true });
    }
    expect(watched.faults).toEqual([]);
    expect(daemon.mistakes).toEqual([]);
  });
});

function incompleteJob(): Job {
  const job = makeEndedJob(5, { state: 'incomplete' });
  if (job.result?.kind === 'backup') {
    job.result.skipped = {
      count: 34,
      first: [{ path: '/home/alice/Documents/keys.kdbx', reason: 'permission denied' }],
    };
  }
  return job;
}
