import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { AGENT_CONNECT_PATH, AGENT_SUBPROTOCOL, challengeText } from '../../contract/index.ts';
import { systemClock } from '../../daemon/base/clock.ts';
import { systemChance } from '../../daemon/base/ids.ts';
import { createRedial } from '../../daemon/space-link/backoff.ts';
import { startProgram } from '../../scripts/start/processes.mjs';
import { openSpace } from '../../space/server.ts';
import { eventually } from '../harness/eventually.ts';
import { ROOT } from '../harness/system.ts';
import { temporaryDir } from '../harness/temporary-dir.ts';
import { startTestAgent, type TestAgent } from '../integration/space-link.fixture.ts';
import { residentBytes } from './process-look.ts';

export interface ScaleOptions {
  readonly links: number;
  /** agents: the agent's own link, store and device key. simulated: the same steps on the wire and no more. */
  readonly kind: 'agents' | 'simulated';
  /** How long the Space is away, milliseconds. */
  readonly awayMs: number;
  readonly reconnect: { readonly reconnectBaseMs: number; readonly reconnectMaxMs: number };
}

export interface ScaleReport {
  readonly links: number;
  /** Links that stood again in the end. */
  readonly back: number;
  /** From the first to the last link that stood again, seconds. */
  readonly windowSeconds: number;
  readonly meanPerSecond: number;
  /** Most that came within one second. */
  readonly peakPerSecond: number;
  /** Resident memory of the Space with no link, and with all, bytes. */
  readonly spaceBefore: number;
  readonly spaceWithAll: number;
  readonly bytesPerLink: number;
}

interface Client {
  isLive(): boolean;
  stop(): Promise<void>;
}

type Heard = (at: number) => void;
const BACK_WITHIN_MS = 600_000;

/** Links stand, the Space is killed and started again: how fast do they come back, and what do they cost it? */
export async function measureLinks(options: ScaleOptions): Promise<ScaleReport> {
  using dir = temporaryDir('scale');
  const data = join(dir.path, 'space');
  const joined: number[] = [];
  const { port, clients } = await makeClients(options, {
    data,
    dir: dir.path,
    heard: (at) => joined.push(at),
  });
  const listen = ['--data', data, '--listen', `127.0.0.1:${port}`];
  const start = () => startProgram({ root: ROOT, name: 'olares-space', args: listen, log: undefined });
  let space = await start();
  try {
    const before = residentBytes(space.child.pid ?? 0);
    for (const { begin } of clients) {
      begin();
      // They were switched on one by one.
      await pause(2);
    }
    await allLive(clients);
    const withAll = residentBytes(space.child.pid ?? 0);
    const gone = new Promise((resolve) => space.child.once('exit', resolve));
    space.child.kill('SIGKILL');
    await gone;
    await pause(options.awayMs);
    joined.length = 0;
    space = await start();
    const back = await allLive(clients);
    return { links: options.links, back, ...ratesOf(joined), ...memoryOf(before, withAll, options.links) };
  } finally {
    await Promise.all(clients.map((client) => client.stop()));
    await space.stop();
  }
}

function ratesOf(joined: readonly number[]) {
  const times = joined.toSorted((a, b) => a - b);
  const windowSeconds = Math.max(1, ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000);
  let peakPerSecond = 0;
  for (let first = 0, last = 0; last < times.length; last += 1) {
    while ((times[last] ?? 0) - (times[first] ?? 0) > 1000) first += 1;
    peakPerSecond = Math.max(peakPerSecond, last - first + 1);
  }
  return { windowSeconds, meanPerSecond: times.length / windowSeconds, peakPerSecond };
}

const memoryOf = (spaceBefore: number, spaceWithAll: number, links: number) => ({
  spaceBefore,
  spaceWithAll,
  bytesPerLink: Math.round((spaceWithAll - spaceBefore) / links),
});

async function allLive(clients: readonly Client[]): Promise<number> {
  const count = (): number => clients.filter((client) => client.isLive()).length;
  await eventually(() => count() === clients.length, 'all links', BACK_WITHIN_MS);
  return count();
}

interface Places {
  readonly data: string;
  readonly dir: string;
  readonly heard: Heard;
}

type Starting = Client & { begin(): void };

/** Every machine is paired while the Space still runs in this process; then the Space becomes one of its own. */
async function makeClients(
  { links, kind, reconnect }: ScaleOptions,
  { data, dir, heard }: Places,
): Promise<{ port: number; clients: Starting[] }> {
  const space = await openSpace({ dataDir: data, port: 0, clock: Date.now, random: randomBytes });
  try {
    const indexes = Array.from({ length: links }, (_, index) => index);
    if (kind === 'simulated') {
      const { accountId, key, publicKey } = await commonKey(space);
      const pinnedKeys = Object.values(space.state.commandKeys.published()).map(({ id }) => id);
      const clients = indexes.map(() => {
        const device = { accountId, publicKey, machine: 'm', agentVersion: '1', pinnedKeys };
        const deviceId = space.state.devices.add(device);
        return simulated({ url: space.url, deviceId, key, reconnect, heard });
      });
      return { port: space.port, clients };
    }
    const clients: Starting[] = [];
    for (const index of indexes) {
      const agentDir = join(dir, `agent-${index}`);
      const { code } = space.createPairingCode('alice@olares.com');
      await pair(agentDir, { spaceUrl: space.url, code });
      clients.push(real(agentDir, { reconnect, heard }));
    }
    return { port: space.port, clients };
  } finally {
    await space.close();
  }
}

/** As the agent of a machine that is paired, and switched off before its link stood. */
async function pair(agentDir: string, sign: { spaceUrl: string; code: string }): Promise<void> {
  await using agent = startTestAgent(agentDir, {}, { reconnectBaseMs: 60_000 });
  await agent.part.account.login(sign);
}

function real(agentDir: string, { reconnect, heard }: Pick<Simulation, 'reconnect' | 'heard'>): Starting {
  let agent: TestAgent | undefined;
  const isLive = (): boolean => agent?.part.account.link().state === 'live';
  return {
    isLive,
    begin() {
      agent = startTestAgent(agentDir, {}, reconnect);
      let wasLive = false;
      agent.store.onAppended(() => {
        if (isLive() && !wasLive) heard(Date.now());
        wasLive = isLive();
      });
    },
    stop: async () => await agent?.[Symbol.asyncDispose](),
  };
}

async function commonKey(space: Awaited<ReturnType<typeof openSpace>>) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(12).toString('base64');
  space.createPairingCode('alice@olares.com');
  const account = space.state.accounts.ensure('alice@olares.com', 0);
  return { accountId: account.id, key: privateKey, publicKey: raw };
}

interface Simulation {
  readonly url: string;
  readonly deviceId: string;
  readonly key: KeyObject;
  readonly reconnect: ScaleOptions['reconnect'];
  readonly heard: Heard;
}

function simulated({ url, deviceId, key, reconnect, heard }: Simulation): Starting {
  const { host } = new URL(url);
  const backoff = createRedial({
    clock: systemClock,
    baseMs: reconnect.reconnectBaseMs,
    maxMs: reconnect.reconnectMaxMs,
    chance: systemChance,
  });
  let socket: WebSocket | undefined;
  let isLive = false;
  let isStopped = false;
  const answer = (nonce: string): void => {
    const signature = sign(null, Buffer.from(challengeText(nonce, deviceId, host)), key).toString('base64');
    const hello = { type: 'hello', protocol: { min: 1, max: 1 }, device: deviceId, signature };
    socket?.send(JSON.stringify({ ...hello, agentVersion: '1', lastSeq: 0 }));
  };
  const dial = (): void => {
    if (isStopped) return;
    socket = new WebSocket(`ws://${host}${AGENT_CONNECT_PATH}`, AGENT_SUBPROTOCOL, {
      perMessageDeflate: false,
      handshakeTimeout: 10_000,
    });
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as { type: string; nonce?: string };
      if (frame.type === 'challenge') answer(frame.nonce ?? '');
      if (frame.type !== 'welcome') return;
      isLive = true;
      backoff.reset();
      heard(Date.now());
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      isLive = false;
      setTimeout(dial, backoff.next()).unref();
    });
  };
  return {
    isLive: () => isLive,
    begin: dial,
    stop: () => {
      isStopped = true;
      socket?.terminate();
      return Promise.resolve();
    },
  };
}
