import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Job } from '../../contract/index.ts';
import { commandTrail } from '../../daemon/space-link/command-trail.ts';
import { openSpace, type SpaceServer } from '../../space/server.ts';
import { eventually } from '../harness/eventually.ts';
import { temporaryDir } from '../harness/temporary-dir.ts';
import { endRequest, PLAN, startTestAgent, type TestAgent } from './space-link.fixture.ts';

const JOB: Job = {
  id: '00000000-0000-4000-8000-000000000002',
  kind: 'backup',
  planId: PLAN.id,
  planName: PLAN.name,
  cause: 'user',
  state: 'queued',
  attempt: 0,
  createdAt: 1_700_000_100_000,
};
const RESTIC_ID = 'ab'.repeat(32);
const ENDED: Job = {
  ...JOB,
  state: 'succeeded',
  result: {
    kind: 'backup',
    snapshotUuid: JOB.id,
    snapshotId: RESTIC_ID,
    filesNew: 1,
    filesChanged: 0,
    filesUnmodified: 0,
    filesTotal: 1,
    bytesTotal: 10,
    addedBytes: 5,
    durationMs: 3,
    skipped: { count: 1, first: [{ path: '/srv/very private photos/secret.jpg', reason: 'gone' }] },
    warnings: ['/srv/very private photos is empty'],
  },
};

async function signIn(agent: TestAgent, space: SpaceServer): Promise<void> {
  const { code } = space.createPairingCode('alice@olares.com');
  await agent.part.account.login({ spaceUrl: space.url, code });
  await live(agent);
}

const live = (agent: TestAgent) =>
  eventually(() => agent.part.account.link().state === 'live', 'a live link');

test('a machine is paired once, and its link becomes live', async () => {
  using dir = temporaryDir('link');
  await using space = await serve(`${dir.path}/space`);
  await using agent = startTestAgent(`${dir.path}/agent`);
  expect(agent.part.account.link().state).toBe('unpaired');
  await signIn(agent, space);
  expect(agent.part.account.current()).toMatchObject({
    paired: true,
    state: 'signed-in',
    olaresName: 'alice@olares.com',
  });
});

test('a wrong pairing code is refused in words', async () => {
  using dir = temporaryDir('link');
  await using space = await serve(`${dir.path}/space`);
  await using agent = startTestAgent(`${dir.path}/agent`);
  await expect(agent.part.account.login({ spaceUrl: space.url, code: 'WRONG-CODE' })).rejects.toThrow(
    /does not accept this pairing code/,
  );
});

test.each([
  ['ftp://x', /not a web address/],
  ['http://space.example.com', /not encrypted/],
  ['https://u:p@space.example.com', /must not hold a user/],
])('the Space address %s is refused', async (spaceUrl, words) => {
  using dir = temporaryDir('link');
  await using agent = startTestAgent(dir.path);
  await expect(agent.part.account.login({ spaceUrl, code: 'CODE12' })).rejects.toThrow(words);
});

test('what happens is reported once each: pending, then final, without a path of the user', async () => {
  using dir = temporaryDir('link');
  await using space = await serve(`${dir.path}/space`);
  await using agent = startTestAgent(`${dir.path}/agent`);
  await signIn(agent, space);
  agent.plans.set(PLAN.id, PLAN);
  agent.store.commit((append) => {
    append('plan.changed', { plan: PLAN });
    append('job.state', { job: JOB });
    append('job.state', { job: { ...JOB, state: 'running' } });
    append('job.state', { job: ENDED });
  });
  await eventually(() => agent.part.account.link().pendingReports === 0, 'all reports delivered');
  const [account] = space.state.accounts.list();
  const [backup] = space.state.records.backups(account?.id ?? '');
  expect(backup).toMatchObject({ backupId: PLAN.id, name: 'photos' });
  const snapshots = space.state.records.snapshots(account?.id ?? '', PLAN.id, { limit: 10, offset: 0 });
  expect(snapshots).toHaveLength(1);
  expect(snapshots[0]).toMatchObject({ snapshotId: JOB.id, status: 'Completed', resticId: RESTIC_ID });
  await eventually(() => agent.store.cursors.get('space-ws') >= 4, 'events confirmed');
  expect(JSON.stringify(snapshots)).not.toContain('private');
});

test('reports wait while Space is away and arrive in order when it is back', async () => {
  using dir = temporaryDir('link');
  const first = await serve(`${dir.path}/space`);
  await using agent = startTestAgent(`${dir.path}/agent`);
  await signIn(agent, first);
  const { port } = first;
  await first.close();
  await eventually(
    () => agent.health.list().some(({ code }) => code === 'space_unreachable'),
    'the condition',
  );
  agent.plans.set(PLAN.id, PLAN);
  agent.store.commit((append) => {
    append('plan.changed', { plan: PLAN });
    append('job.state', { job: JOB });
    append('job.state', { job: ENDED });
  });
  await eventually(() => agent.health.list().some(({ code }) => code === 'reports_waiting'), 'the condition');
  await using space = await serve(`${dir.path}/space`, port);
  await live(agent);
  await eventually(() => agent.part.account.link().pendingReports === 0, 'all reports delivered');
  const [account] = space.state.accounts.list();
  const snapshots = space.state.records.snapshots(account?.id ?? '', PLAN.id, { limit: 10, offset: 0 });
  expect(snapshots.map(({ status }) => status)).toEqual(['Completed']);
  expect(agent.health.list()).toEqual([]);
});

test('a command has one effect, and what came of it is told', async () => {
  using dir = temporaryDir('link');
  await using space = await serve(`${dir.path}/space`);
  await using agent = startTestAgent(`${dir.path}/agent`);
  await signIn(agent, space);
  const deviceId = agent.part.account.current()?.deviceId ?? '';
  const { id } = space.command({
    deviceId,
    kind: 'backup.now',
    params: { planId: PLAN.id },
    askedBy: 'test',
  });
  await eventually(() => space.state.commands.byId(id)?.status === 'done', 'the command done');
  expect(agent.effects).toEqual([['backupNow', PLAN.id]]);
});

test('a proposed restore waits for a person and shows its code', async () => {
  using dir = temporaryDir('link');
  await using space = await serve(`${dir.path}/space`);
  await using agent = startTestAgent(`${dir.path}/agent`);
  await signIn(agent, space);
  const deviceId = agent.part.account.current()?.deviceId ?? '';
  const params = { planId: PLAN.id, snapshotId: RESTIC_ID, note: 'please' };
  const { id } = space.command({ deviceId, kind: 'restore.propose', params, askedBy: 'test' });
  const waiting = await eventually(() => {
    const command = space.state.commands.byId(id);
    return command?.status === 'waiting' && command;
  }, 'the command waiting');
  expect(waiting.requestCode).toBe('7F3K');
});

test('every end of a proposed restore reaches Space as its result, and is what the machine itself says', async () => {
  using dir = temporaryDir('link');
  await using space = await serve(`${dir.path}/space`);
  await using agent = startTestAgent(`${dir.path}/agent`);
  await signIn(agent, space);
  const deviceId = agent.part.account.current()?.deviceId ?? '';
  const error = { code: 'no_space', message: 'no room in /srv/very private photos' } as const;
  const ends = [
    [{ state: 'done' }, { status: 'done', code: null, reason: null }],
    [{ state: 'incomplete' }, { status: 'done', code: 'incomplete', reason: null }],
    [
      { state: 'failed', error, reason: error.message },
      { status: 'failed', code: 'no_space', reason: null },
    ],
    [
      { state: 'declined', reason: 'not now' },
      { status: 'refused', code: 'declined', reason: 'not now' },
    ],
    [
      { state: 'cancelled', reason: 'in /srv' },
      { status: 'refused', code: 'cancelled', reason: null },
    ],
    [{ state: 'expired' }, { status: 'expired', code: null, reason: null }],
  ] as const;
  for (const [index, [end, told]] of ends.entries()) {
    const params = { planId: PLAN.id, snapshotId: RESTIC_ID, note: 'please' };
    const { id } = space.command({ deviceId, kind: 'restore.propose', params, askedBy: 'test' });
    const command = () => space.state.commands.byId(id);
    await eventually(() => command()?.status === 'waiting', 'the command waiting');
    endRequest(agent, { id: randomUUID(), code: `7F3${index}`, commandId: id, ...end });
    const here = commandTrail(agent.store, { limit: 1, after: 0 }).commands[0];
    await eventually(() => command()?.status === told.status, `the end ${end.state}`);
    expect(command()).toMatchObject(told);
    expect({ code: null, reason: null, ...here }).toMatchObject(told);
    expect(commandTrail(agent.store, { limit: 1, after: 0 }).commands[0]).toEqual(here);
  }
  expect(JSON.stringify(space.state.commands.recent(deviceId, 10))).not.toContain('/srv');
});

test('what the local switch forbids is refused and has no effect', async () => {
  using dir = temporaryDir('link');
  await using space = await serve(`${dir.path}/space`);
  await using agent = startTestAgent(`${dir.path}/agent`, { plan: 'never' });
  await signIn(agent, space);
  const deviceId = agent.part.account.current()?.deviceId ?? '';
  const { id } = space.command({
    deviceId,
    kind: 'plan.pause',
    params: { planId: PLAN.id },
    askedBy: 'test',
  });
  await eventually(() => space.state.commands.byId(id)?.status === 'refused', 'the refusal');
  expect(agent.effects).toEqual([]);
});

test('commands given while the machine is away reach it once when it is back', async () => {
  using dir = temporaryDir('link');
  await using space = await serve(`${dir.path}/space`);
  let deviceId = '';
  {
    await using agent = startTestAgent(`${dir.path}/agent`);
    await signIn(agent, space);
    deviceId = agent.part.account.current()?.deviceId ?? '';
  }
  const { id } = space.command({
    deviceId,
    kind: 'backup.now',
    params: { planId: PLAN.id },
    askedBy: 'test',
  });
  for (let restart = 0; restart < 3; restart++) {
    await using agent = startTestAgent(`${dir.path}/agent`);
    await live(agent);
    await eventually(() => space.state.commands.byId(id)?.status === 'done', 'the command done');
    expect(agent.effects).toEqual(restart === 0 ? [['backupNow', PLAN.id]] : []);
  }
});

test('a revoked machine looks different from a Space that is away', async () => {
  using dir = temporaryDir('link');
  await using space = await serve(`${dir.path}/space`);
  await using agent = startTestAgent(`${dir.path}/agent`);
  await signIn(agent, space);
  space.revoke(agent.part.account.current()?.deviceId ?? '');
  await eventually(() => agent.part.account.link().state === 'rejected', 'the rejection');
  expect(agent.health.list().map(({ code }) => code)).toContain('link_rejected');
  expect(agent.health.list().map(({ code }) => code)).not.toContain('space_unreachable');
});

test('a machine that is paired anew calls at once, however long it would have waited', async () => {
  using dir = temporaryDir('link');
  const away = await serve(`${dir.path}/away`);
  await using space = await serve(`${dir.path}/space`);
  const forHours = { reconnectBaseMs: 24 * 3_600_000, reconnectMaxMs: 24 * 3_600_000 };
  await using agent = startTestAgent(`${dir.path}/agent`, {}, forHours);
  await signIn(agent, away);
  await away.close();
  await eventually(() => agent.part.account.link().state === 'backing-off', 'the wait');
  await signIn(agent, space);
  expect(agent.part.account.link().state).toBe('live');
});

test('storage keys come with a checked address; signing out leaves nothing behind', async () => {
  using dir = temporaryDir('link');
  await using space = await serve(`${dir.path}/space`);
  await using agent = startTestAgent(`${dir.path}/agent`);
  await signIn(agent, space);
  const access = await agent.part.storage.access(PLAN);
  expect(access.address).toMatch(
    /^s3:http:\/\/127\.0\.0\.1:\d+\/olares-space\/did:key:[^/]+-[^/]+\/olares-backups\/photos-0{8}-/,
  );
  const credentials = await agent.part.storage.credentials();
  expect(credentials.expiresAt).toBeGreaterThan(Date.now());
  await agent.part.account.logout();
  expect(agent.part.account.current()).toBeUndefined();
  await expect(agent.part.storage.credentials()).rejects.toThrow(/not signed in/);
});

async function serve(dataDir: string, port = 0): Promise<SpaceServer & AsyncDisposable> {
  const space = await openSpace({ dataDir, port, clock: Date.now, random: randomBytes });
  return Object.assign(space, { [Symbol.asyncDispose]: () => space.close() });
}
