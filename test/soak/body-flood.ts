import { createConnection, type NetConnectOpts } from 'node:net';
import { join } from 'node:path';
import { startProgram } from '../../scripts/start/processes.mjs';
import { API_PREFIX, routes, WIRE_PATHS } from '../../contract/index.ts';
import { ROOT, TestSystem } from '../harness/system.ts';
import { temporaryDir } from '../harness/temporary-dir.ts';
import { HostileSpace } from '../integration/hostile-space.fixture.ts';
import { chanceOf, garbage, garbageRequest, type Chance } from './garbage.ts';
import { MemoryWatch } from './process-look.ts';

export interface BodyFloodOptions {
  readonly count: number;
  readonly seed: number;
}

export interface BodyFloodReport {
  readonly count: number;
  readonly isAlive: boolean;
  readonly memoryBefore: number;
  readonly memoryGrown: number;
  /** HTTP status of the answers (0: the connection was ended), with how often. */
  readonly statuses: Readonly<Record<number, number>>;
}

type Rights = readonly (readonly [string, object])[];
const UUID = '00000000-0000-4000-8000-000000000001';
/** At once, on connections of their own. */
const LANES = 16;
/** A request that is cut is not answered: nothing is waited for longer than this. */
const PATIENCE_MS = 300;

/** Wrong requests to the agent's own socket, as any program of the same user could send them. */
export async function floodLocalApi(options: BodyFloodOptions): Promise<BodyFloodReport> {
  await using system = await TestSystem.start({ config: { logLevel: 'fatal' } });
  const body = {
    name: 'n',
    plan: UUID,
    paths: ['/x'],
    snapshot: 'abcd',
    include: ['/x'],
    schedule: { kind: 'manual' },
  };
  const rights: Rights = Object.values(routes).map(({ path }) => [
    API_PREFIX + path.replaceAll(/:\w+/g, UUID),
    body,
  ]);
  const target = { path: join(system.runDir, 'admin.sock') };
  const statuses = {};
  await sendAll({ ...options, count: 300 }, target, { rights, statuses: {} });
  using memory = new MemoryWatch(system.daemonPid);
  await sendAll(options, target, { rights, statuses });
  const { version } = await system.api.call('getStatus');
  return { ...figures(memory), count: options.count, isAlive: version !== '', statuses };
}

/** Wrong requests to a Space as its own process: the wire calls, pairing, the console and the storage. */
export async function floodSpace(options: BodyFloodOptions): Promise<BodyFloodReport> {
  using dir = temporaryDir('flooded-space');
  const space = await startProgram({
    root: ROOT,
    name: 'olares-space',
    args: ['--data', dir.path, '--listen', '127.0.0.1:0'],
    log: undefined,
  });
  try {
    const port = Number(new URL(String(space.ready['url'])).port);
    const target = { host: '127.0.0.1', port };
    const statuses: Record<number, number> = {};
    await sendAll({ ...options, count: 300 }, target, { rights: SPACE_RIGHTS, statuses: {} });
    using memory = new MemoryWatch(space.child.pid ?? 0);
    await sendAll(options, target, { rights: SPACE_RIGHTS, statuses });
    return { ...figures(memory), count: options.count, isAlive: space.child.exitCode === null, statuses };
  } finally {
    await space.stop();
  }
}

const CALL = {
  userid: 'did:key:z6Mk',
  token: 't',
  backupId: UUID,
  snapshotId: UUID,
  durationSeconds: '3600',
  size: '1',
};
const SPACE_RIGHTS: Rights = [
  ...Object.values(WIRE_PATHS).map((path) => [path, CALL] as const),
  [
    '/v1/agent/pair',
    { code: 'ABCD-EFGH', devicePublicKey: `${'A'.repeat(43)}=`, machine: 'm', agentVersion: '1' },
  ],
  ['/v1/agent/connect', {}],
  ['/console/api/state', {}],
  ['/console/api/sign-in', { key: 'x' }],
  ['/olares-backup/did:key:z6Mk-a/olares-backups/config', {}],
  ['/olares-backup?list-type=2&prefix=x', {}],
];

/** Wrong answers of a Space to a daemon that asks for the account's usage. */
export async function floodAnswers(options: BodyFloodOptions): Promise<BodyFloodReport> {
  await using space = await HostileSpace.start();
  await using system = await TestSystem.start({ config: { logLevel: 'fatal' } });
  await system.api.call('login', { body: { spaceUrl: space.url, code: 'ANY-CODE' } });
  const chance = chanceOf(options.seed);
  const statuses: Record<number, number> = {};
  const ask = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      space.answer = oddAnswer(chance);
      const { status } = await system.api.call('getUsage', { query: { refresh: true } }).then(
        () => ({ status: 200 }),
        () => ({ status: 500 }),
      );
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  await ask(Math.min(300, options.count));
  using memory = new MemoryWatch(system.daemonPid);
  await ask(options.count - Math.min(300, options.count));
  const { version } = await system.api.call('getStatus');
  return { ...figures(memory), count: options.count, isAlive: version !== '', statuses };
}

const ENVELOPE = {
  code: 200,
  message: 'ok',
  data: { totalSize: 10, usageSize: 5, canBackup: true, planLevel: 1 },
};
const STATUSES = [200, 200, 200, 200, 204, 301, 401, 404, 429, 500, 503];
/** 506 would end the sign-in, and with it the test. */
function oddAnswer(chance: Chance): HostileSpace['answer'] {
  const body = garbage(chance, ENVELOPE);
  const headers: Record<string, string> =
    chance() < 0.2 ? { 'retry-after': `${chance() * 1e9}`, date: 'never' } : {};
  return { status: STATUSES[Math.floor(chance() * STATUSES.length)] ?? 200, headers, body };
}

interface Sending {
  readonly rights: Rights;
  readonly statuses: Record<number, number>;
}

async function sendAll(
  { count, seed }: BodyFloodOptions,
  target: NetConnectOpts,
  { rights, statuses }: Sending,
): Promise<void> {
  const chance = chanceOf(seed);
  let left = count;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const status = await sendOne(target, garbageRequest(chance, rights));
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** How the agent answers what it did not foresee; a known failure has status 500 too, with words of its own. */
const UNEXPECTED = 'something went wrong inside the agent';
export const UNEXPECTED_STATUS = 599;

/** @returns the status of the answer; 0 when there was none */
function sendOne(target: NetConnectOpts, request: Buffer): Promise<number> {
  return new Promise((resolve) => {
    let status = 0;
    const socket = createConnection(target, () => socket.write(request));
    const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
    socket.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      if (status === 0) status = Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0);
      if (text.includes(UNEXPECTED)) status = UNEXPECTED_STATUS;
      // The rest of a stream of events would never end.
      socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(status);
    });
  });
}

const figures = (memory: MemoryWatch) => ({ memoryBefore: memory.before, memoryGrown: memory.grownBytes });
