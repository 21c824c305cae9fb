import { copyFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { JOB_END_STATES, type Plan } from '../../contract/index.ts';
import { eventually } from '../harness/eventually.ts';
import { TestSystem } from '../harness/system.ts';
import { HostileSpace } from '../integration/hostile-space.fixture.ts';

export interface ReplayOptions {
  /** How often the same frame is sent in all. */
  readonly frames: number;
  /** Over how many restarts of the daemon; every other one is a SIGKILL. */
  readonly restarts: number;
  readonly tell?: (text: string) => void;
}

export interface ReplayReport {
  readonly sent: number;
  readonly answered: number;
  readonly databasesPutBack: number;
  /** Ids of all jobs that Space ever set in motion. */
  readonly jobs: ReadonlySet<string>;
  readonly snapshots: number;
  /** Status of the answers, with how often. */
  readonly answers: Readonly<Record<string, number>>;
}

/** After these parts of all restarts a copy from before the command is put back. */
const PUT_BACK_AT = [1 / 3, 2 / 3];

/** One real daemon hears one and the same signed command again and again: while it runs, is killed, and forgets. */
export async function replayCommand(options: ReplayOptions): Promise<ReplayReport> {
  await using space = await HostileSpace.start();
  await using system = await TestSystem.start({
    config: { spaceLink: { reconnectBaseMs: 50, reconnectMaxMs: 200 } },
  });
  await system.api.call('login', { body: { spaceUrl: space.url, code: 'ANY-CODE' } });
  const plan = await system.addPlan(
    'papers',
    [system.folder('papers')],
    ['--location', join(system.dir, 'backups')],
  );
  const database = join(system.stateDir, 'agent.db');
  await system.stopDaemon();
  copyFileSync(database, join(system.dir, 'older.db'));
  const command = space.payload({ kind: 'backup.now', params: { planId: plan.id }, seq: 1 });
  const jobs = new Set<string>();
  const putBackAt = new Set(PUT_BACK_AT.map((part) => Math.ceil(options.restarts * part)));
  let sent = 0;
  for (let restart = 1; restart <= options.restarts; restart += 1) {
    const before = space.connections;
    await system.startDaemon();
    await eventually(() => space.connections > before && space.isGreeted, 'the link');
    const wanted = Math.round((options.frames * restart) / options.restarts) - sent;
    const answered = space.results().length;
    for (let count = 0; count < wanted; count += 1) space.command(command);
    sent += wanted;
    const isKill = restart % 2 === 0;
    // The first life sees its effect through: what a database forgets later must not happen again.
    if (restart === 1) await allEnded(system);
    await eventually(() => space.results().length >= answered + (isKill ? 1 : wanted), 'the answers');
    for (const { id, cause } of await system.api.call('listJobs', {})) if (cause === 'space') jobs.add(id);
    await (isKill ? system.killDaemon() : system.stopDaemon());
    if (putBackAt.has(restart)) putBack(database, join(system.dir, 'older.db'));
    if (restart % 10 === 0) options.tell?.(`${restart} restarts, ${sent} frames, ${jobs.size} jobs`);
  }
  return {
    sent,
    databasesPutBack: putBackAt.size,
    jobs,
    snapshots: snapshotFilesOf(plan),
    ...answersOf(space),
  };
}

/** By restic's own files: no list of ours is asked, and no daemon is needed for it. */
function snapshotFilesOf({ repository }: Plan): number {
  return readdirSync(join(repository?.address ?? '', 'snapshots')).length;
}

function putBack(database: string, copy: string): void {
  copyFileSync(copy, database);
  for (const end of ['-wal', '-shm']) rmSync(`${database}${end}`, { force: true });
}

function allEnded(system: TestSystem): Promise<unknown> {
  return eventually(
    async () => {
      const jobs = await system.api.call('listJobs', {});
      return jobs.length > 0 && jobs.every(({ state }) => JOB_END_STATES.has(state));
    },
    'the end of all jobs',
    60_000,
  );
}

function answersOf(space: HostileSpace): Pick<ReplayReport, 'answered' | 'answers'> {
  const answers: Record<string, number> = {};
  for (const { status, code } of space.results()) {
    const word = String(code ?? status);
    answers[word] = (answers[word] ?? 0) + 1;
  }
  return { answered: space.results().length, answers };
}
