import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../harness/eventually.ts';
import { TestSystem } from '../harness/system.ts';
import { HostileSpace } from '../integration/hostile-space.fixture.ts';
import { chanceOf, garbage, type Chance } from './garbage.ts';
import { MemoryWatch } from './process-look.ts';

export interface FloodOptions {
  readonly frames: number;
  readonly seed: number;
  /** Frames sent before the next look at the line. */
  readonly burst: number;
  /** Shortest time for all, milliseconds: the frames come at a steady pace. */
  readonly withinMs?: number;
  /** Wrong frames only, or any an honest Space could send, only far too many. */
  readonly kind: 'malformed' | 'mixed';
  readonly tell?: (text: string) => void;
}

export interface FloodReport {
  readonly sent: number;
  readonly seconds: number;
  readonly connections: number;
  readonly isAlive: boolean;
  readonly memoryBefore: number;
  readonly memoryGrown: number;
  /** Times from a ping of Space to the answer while frames came, milliseconds. */
  readonly pongMs: readonly number[];
  readonly statusMs: readonly number[];
  readonly apiMs: readonly number[];
  /** Jobs that came of it. */
  readonly jobs: number;
}

/** A Space that floods one real daemon, round by round, and a person who asks it how it is meanwhile. */
export async function floodFrames(rounds: readonly FloodOptions[]): Promise<FloodReport[]> {
  await using space = await HostileSpace.start();
  await using system = await TestSystem.start({
    config: { logLevel: 'error', spaceLink: { reconnectBaseMs: 20, reconnectMaxMs: 60 } },
  });
  await system.api.call('login', { body: { spaceUrl: space.url, code: 'ANY-CODE' } });
  await eventually(() => space.isGreeted, 'the link');
  await warmUp(system);
  const reports: FloodReport[] = [];
  for (const round of rounds) reports.push(await flood(round, { space, system }));
  return reports;
}

interface Rig {
  readonly space: HostileSpace;
  readonly system: TestSystem;
}

async function flood(options: FloodOptions, { space, system }: Rig): Promise<FloodReport> {
  const before = space.connections;
  using memory = new MemoryWatch(system.daemonPid);
  const asking = new AbortController();
  const asked = askAllTheTime(system, asking.signal);
  const startedAt = performance.now();
  const pongMs = await sendAll(space, options);
  const seconds = (performance.now() - startedAt) / 1000;
  asking.abort();
  const { statusMs, apiMs } = await asked;
  const status = await system.api.call('getStatus');
  return {
    sent: options.frames,
    seconds,
    connections: space.connections - before,
    isAlive: status.version !== '',
    memoryBefore: memory.before,
    memoryGrown: memory.grownBytes,
    pongMs,
    statusMs,
    apiMs,
    jobs: (await system.api.call('listJobs', {})).length,
  };
}

/** What is loaded at the first use is no growth. */
async function warmUp(system: TestSystem): Promise<void> {
  for (let count = 0; count < 20; count += 1) await system.api.call('getStatus');
}

async function sendAll(space: HostileSpace, options: FloodOptions): Promise<number[]> {
  const chance = chanceOf(options.seed);
  const pongMs: number[] = [];
  const startedAt = performance.now();
  for (let sent = 0; sent < options.frames;) {
    await eventually(() => space.isGreeted && space.isOpen, 'the agent on the line', 30_000);
    const count = Math.min(options.burst, options.frames - sent);
    void space.ping().then((ms) => ms !== undefined && pongMs.push(ms));
    for (let index = 0; index < count; index += 1) sendOne(space, chance, options.kind);
    sent += count;
    const dueMs = ((options.withinMs ?? 0) * sent) / options.frames;
    await pause(Math.max(0, dueMs - (performance.now() - startedAt)));
    await space.drained();
    if (sent % (options.burst * 200) === 0)
      options.tell?.(`${sent} frames, ${space.connections} connections`);
  }
  return pongMs;
}

/** Of any kind a frame may have; each is wrong somewhere, most in one place. */
function sendOne(space: HostileSpace, chance: Chance, kind: FloodOptions['kind']): void {
  const dice = chance();
  if (kind === 'mixed' && dice < 0.5) return space.send({ type: 'ack', seq: 1 + Math.floor(chance() * 5) });
  if (dice < 0.52) return space.raw(Buffer.from(garbage(chance, {})));
  if (dice < 0.54) return space.command(garbage(chance, JSON.parse(space.payload()) as object));
  space.raw(garbage(chance, rightFrame(space, chance)));
}

/** No `reject`: one that is right but for a field would end the link for good, as it should. */
function rightFrame(space: HostileSpace, chance: Chance): object {
  const dice = chance();
  if (dice < 0.2) return { type: 'ack', seq: 1 };
  if (dice < 0.4) return { type: 'challenge', nonce: randomBytes(32).toString('base64') };
  if (dice < 0.7) return { type: 'welcome', protocol: 1, serverTime: 1, heartbeatSec: 20, ackedSeq: 0 };
  return { type: 'command', payload: space.payload(), keyId: 'current', signature: `${'A'.repeat(86)}==` };
}

async function askAllTheTime(
  system: TestSystem,
  signal: AbortSignal,
): Promise<{ statusMs: number[]; apiMs: number[] }> {
  const statusMs: number[] = [];
  const apiMs: number[] = [];
  const timed = async (act: () => Promise<unknown>): Promise<number> => {
    const at = performance.now();
    await act();
    return performance.now() - at;
  };
  while (!signal.aborted) {
    statusMs.push(await timed(() => system.done(['status'])));
    for (let count = 0; count < 5 && !signal.aborted; count += 1) {
      apiMs.push(await timed(() => system.api.call('getStatus')));
      await pause(100);
    }
  }
  return { statusMs, apiMs };
}
