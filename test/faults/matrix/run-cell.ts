import { expect } from 'vitest';
import { AppError, JOB_END_STATES, type Job } from '../../../contract/index.ts';
import { eventually } from '../../harness/eventually.ts';
import type { Strike } from '../../harness/fault-proxy.ts';
import type { Expectation, MatrixCell } from './table.ts';
import { OTHER_PLAN, PLAN, type MatrixWorld } from './world.ts';

/** A fault may need the longest time limit there is, a minute, to be noticed. */
const NOTICED_MS = 100_000;
const ENDED_MS = 180_000;
/** Life of keys that are to be renewed while an upload waits at the gate. */
const SHORT_LIFE_S = 6;

/** The work that meets the fault. */
interface Subject {
  readonly job?: Job;
  /** A question with an answer of its own; asked again it is the same question. */
  readonly ask?: () => Promise<unknown>;
}

interface Scene {
  readonly world: MatrixWorld;
  readonly cell: MatrixCell;
  readonly expected: Expectation;
}

/** Lets one cell happen and looks at everything it says. Afterwards the world is well again. */
export async function runCell(world: MatrixWorld, cell: MatrixCell): Promise<void> {
  if ('senseless' in cell.cell) return;
  const scene: Scene = { world, cell, expected: cell.cell };
  await world.wellAgain();
  // A question that the last fault swallowed is shared by those who ask while it lasts.
  if (cell.target === 'usage') await world.system.api.call('getUsage', { query: { refresh: true } });
  world.changeSource();
  if (cell.time === 'before') await before(scene);
  else if (cell.time === 'during') await during(scene);
  else await after(scene);
}

async function before(scene: Scene): Promise<void> {
  const { world, cell } = scene;
  if (cell.target === 'STS') await world.restartDaemon();
  if (cell.target === 'STS') await world.wellAgain();
  const strike = world.strike(cell.target, cell.fault);
  if (cell.target === 'usage') await world.forgetUsage();
  if (cell.target === 'save') await world.changePlan();
  // What is asked for apart from the backup has met the fault before it begins.
  if (['usage', 'save', 'WebSocket'].includes(cell.target)) await fired(strike, cell);
  if (cell.target === 'save' && scene.expected.heal) await expectCondition(scene);
  const job = await startBackup(world);
  await fired(strike, cell);
  await follow(scene, strike, { job });
}

async function during(scene: Scene): Promise<void> {
  const { world, cell } = scene;
  const isAboutKeys = cell.target.startsWith('STS');
  if (cell.target === 'snapshot save') await world.addOtherPlan();
  if (isAboutKeys) {
    await world.restartDaemon();
    await world.wellAgain();
    world.keyLifeSeconds = SHORT_LIFE_S;
  }
  const gate = world.holdUploads();
  const job = await startBackup(world);
  await eventually(() => gate.waiting > 0, 'an upload at the gate', 60_000);
  await reported(world);
  const strikes = [world.strike(cell.target, cell.fault)];
  if (cell.target === 'STS') strikes.push(world.strike('STS refresh', '500'));
  const [strike] = strikes as [Strike];
  const subject = await provokeDuring(scene, job);
  if (cell.target === 'storage PUT') gate.open();
  await Promise.all([fired(strike, cell), subject.ask === undefined ? undefined : meet(scene, subject.ask)]);
  if (['goes on', 'fails'].includes(scene.expected.course)) gate.open();
  const healAll = () => {
    world.keyLifeSeconds = undefined;
    for (const one of strikes) one.heal();
    gate.open();
  };
  await follow(scene, { hits: strike.hits, heal: healAll }, subject.ask ? {} : subject);
  healAll();
  await expectSuccess(world, job);
}

/** What in the middle of an upload makes a call. */
async function provokeDuring({ world, cell }: Scene, job: Job): Promise<Subject> {
  switch (cell.target) {
    case 'usage':
      await world.system.api.call('getUsage', { query: { refresh: true } });
      return { job };
    case 'save':
      await world.changePlan();
      return { job };
    case 'snapshot save':
      return { job: await startBackup(world, OTHER_PLAN) };
    case 'storage GET':
      return { job, ask: () => look(world) };
    default:
      return { job };
  }
}

async function after(scene: Scene): Promise<void> {
  const { world, cell } = scene;
  const isTold = ['usage', 'snapshot save'].includes(cell.target);
  const gate = isTold ? world.holdUploads() : undefined;
  const job = await startBackup(world);
  if (gate) await eventually(() => gate.waiting > 0, 'an upload at the gate', 60_000);
  else await expectSuccess(world, job);
  if (cell.target === 'STS') await world.restartDaemon();
  if (gate) await reported(world);
  else await world.wellAgain();
  const strike = world.strike(cell.target, cell.fault);
  gate?.open();
  const subject = await provokeAfter(scene, job);
  if (subject.ask) await Promise.all([fired(strike, cell), meet(scene, subject.ask)]);
  else await fired(strike, cell);
  await follow(scene, strike, subject.ask ? {} : subject);
  if (subject.ask) await subject.ask();
  await expectSuccess(world, job);
}

async function provokeAfter({ world, cell }: Scene, job: Job): Promise<Subject> {
  switch (cell.target) {
    case 'save':
      await world.changePlan();
      return { job };
    case 'STS':
    case 'storage GET':
      return { ask: () => look(world) };
    case 'storage PUT':
      return { job: await world.system.api.call('checkPlan', { params: { plan: PLAN } }) };
    default:
      return { job };
  }
}

const look = (world: MatrixWorld) =>
  world.system.api.call('listSnapshots', { query: { plan: PLAN, refresh: true } });

const startBackup = (world: MatrixWorld, plan = PLAN): Promise<Job> =>
  world.system.api.call('backupPlan', { params: { plan } });

const fired = (strike: Strike, { name }: MatrixCell): Promise<unknown> =>
  eventually(() => strike.hits > 0, `the fault (${name}) at work`, NOTICED_MS);

const reported = (world: MatrixWorld): Promise<unknown> =>
  eventually(
    async () => (await world.system.api.call('getStatus')).link?.pendingReports === 0,
    'Space told of the start',
    30_000,
  );

/** A question that meets the fault: answered, or refused in the words of the table. */
async function meet({ expected }: Scene, ask: () => Promise<unknown>): Promise<void> {
  const error = await ask().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (expected.course === 'goes on') return expect(error).toBeUndefined();
  expect(error).toBeInstanceOf(AppError);
  expect(error).toMatchObject({
    code: expected.code,
    message: expect.stringMatching(expected.says ?? /./) as string,
  });
}

/** From a fault that is at work to a world that is well. */
async function follow(scene: Scene, strike: Strike, { job }: Subject): Promise<void> {
  const { world, expected } = scene;
  const ended = job && (await underFault(scene, job));
  await expectCondition(scene);
  strike.heal();
  if (expected.heal === 'sign in') await world.signIn();
  if (job && ended?.state === 'failed') {
    await world.wellAgainBut('backup_failed');
    expect(world.finalReports(job.id)).toEqual(['Failed']);
    await expectSuccess(world, await startBackup(world, job.planName));
  } else if (job) await expectSuccess(world, job);
  await world.wellAgain();
}

/** @returns the job where it ended under the fault */
async function underFault({ world, expected }: Scene, job: Job): Promise<Job | undefined> {
  const seen = await eventually(
    async () => {
      const now = await world.job(job.id);
      return COURSES[expected.course](now, expected) && now;
    },
    `that the job ${expected.course}`,
    ENDED_MS,
  ).catch(async (error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(await world.job(job.id))}`);
  });
  return JOB_END_STATES.has(seen.state) ? seen : undefined;
}

type Look = (job: Job, expected: Expectation) => boolean;

const isAsTold = (text: string | undefined, { says }: Expectation): boolean => says?.test(text ?? '') ?? true;
const hasFailed: Look = (job, expected) =>
  job.state === 'failed' && job.error?.code === expected.code && isAsTold(job.error?.message, expected);

const COURSES: Record<Expectation['course'], Look> = {
  'goes on': ({ state }) => state === 'succeeded',
  waits: (job, expected) =>
    job.state === 'waiting' && job.error?.code === expected.code && isAsTold(job.reason, expected),
  holds: (job, expected) => job.state === 'running' && isAsTold(job.progress?.stall, expected),
  'is refused': () => true,
  fails: hasFailed,
  'goes on or fails': ({ state }) => state === 'succeeded' || state === 'failed',
};

async function expectCondition({ world, expected }: Scene): Promise<void> {
  const { condition, conditionSays = /./ } = expected;
  if (condition === undefined) return;
  await eventually(
    async () =>
      (await world.conditions()).some(
        ({ code, message }) => code === condition && conditionSays.test(message),
      ),
    `the condition ${condition} with the words ${conditionSays}`,
    NOTICED_MS,
  ).catch(async (error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(await world.conditions())}`);
  });
}

/** The job ends well, and Space is told its end once. */
async function expectSuccess(world: MatrixWorld, { id }: Job): Promise<void> {
  const job = await eventually(
    async () => {
      const now = await world.job(id);
      return JOB_END_STATES.has(now.state) && now;
    },
    'the end of the job',
    ENDED_MS,
  );
  expect(job).toMatchObject({ state: 'succeeded' });
  if (job.kind !== 'backup') return;
  await eventually(() => world.finalReports(id).length > 0, 'the final report', 60_000);
  expect(world.finalReports(id)).toEqual(['Completed']);
}
