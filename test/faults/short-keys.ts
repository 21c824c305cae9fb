import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { JOB_END_STATES, type Job } from '../../contract/index.ts';
import { FaultProxy, type Target } from '../harness/fault-proxy.ts';
import { helperRuns } from '../harness/process-table.ts';
import { findSecrets, needlesOf } from '../harness/secret-forms.ts';
import { TestSystem } from '../harness/system.ts';
import { jobOf, startBackup } from './faults.fixture.ts';

export interface ShortKeysOptions {
  /** Life of the storage keys. */
  readonly lifeSeconds: number;
  readonly megabytes: number;
  readonly bytesPerSecond: number;
  /** Space, not its storage, is away this long in the middle. */
  readonly outageMs: number;
}

export interface ShortKeysFigures {
  readonly state: Job['state'];
  readonly uploadSeconds: number;
  /** How often storage keys were given out. */
  readonly keysIssued: number;
  readonly storageRequests: number;
  /** Storage requests that were answered 400, 401 or 403. */
  readonly refused: number;
  /** Process ids under which restic was seen at the upload. */
  readonly resticProcesses: number;
  /** Calls to Space that the outage met. */
  readonly metByOutage: number;
  /** Secrets seen in restic's arguments or environment. */
  readonly secretsSeen: readonly string[];
}

const CALLS: readonly Target[] = ['STS', 'STS refresh', 'usage', 'save', 'snapshot save', 'WebSocket'];
const LOOK_MS = 250;

/** An upload much longer than the life of its storage keys. */
export async function uploadOnShortKeys(options: ShortKeysOptions): Promise<ShortKeysFigures> {
  await using proxy = await FaultProxy.start();
  await using system = new TestSystem({ publicUrl: proxy.url });
  await system.startSpace();
  proxy.forwardTo(system.space.port);
  proxy.keyLifeSeconds = options.lifeSeconds;
  await system.startDaemon();
  const { code } = system.space.createPairingCode('alice@olares.com');
  await system.api.call('login', { body: { spaceUrl: proxy.url, code } });
  const source = system.folder('source');
  fill(join(source, 'noise'), options.megabytes);
  await system.addPlan('noise', [source]);
  proxy.uploadBytesPerSecond = options.bytesPerSecond;
  const passedBefore = proxy.passed.length;
  const issuedBefore = proxy.issued.length;
  const startedAt = performance.now();
  const { id } = await startBackup(system, 'noise');
  const outage = options.outageMs === 0 ? Promise.resolve(0) : cutOff(proxy, options);
  const seen = await watch(system, id);
  const metByOutage = await outage;
  const requests = proxy.passed.slice(passedBefore).filter(({ target }) => target?.startsWith('storage'));
  return {
    state: (await jobOf(system, id)).state,
    uploadSeconds: Math.round((performance.now() - startedAt) / 100) / 10,
    keysIssued: (proxy.issued.length - issuedBefore) / 2,
    storageRequests: requests.length,
    refused: requests.filter(({ status }) => [400, 401, 403].includes(status)).length,
    resticProcesses: seen.size,
    metByOutage,
    secretsSeen: secretsIn([...seen.values()], proxy.issued),
  };
}

function fill(path: string, megabytes: number): void {
  const file = openSync(path, 'w');
  for (let n = 0; n < megabytes; n++) writeSync(file, randomBytes(2 ** 20));
  closeSync(file);
}

/** @returns how many calls met it */
async function cutOff(proxy: FaultProxy, options: ShortKeysOptions): Promise<number> {
  await sleep((options.megabytes * 2 ** 20 * 1000) / options.bytesPerSecond / 3);
  const strikes = CALLS.map((target) => proxy.strike(target, 'refuse'));
  await sleep(options.outageMs);
  for (const strike of strikes) strike.heal();
  return strikes.reduce((sum, { hits }) => sum + hits, 0);
}

/** @returns arguments and environment of each restic that uploaded, by its process id */
async function watch(system: TestSystem, id: string): Promise<Map<number, Buffer>> {
  const seen = new Map<number, Buffer>();
  for (;;) {
    for (const { verb, resticPid } of helperRuns(system.stateDir)) {
      if (verb === 'backup') seen.set(resticPid, procOf(resticPid) ?? seen.get(resticPid) ?? Buffer.alloc(0));
    }
    if (JOB_END_STATES.has((await jobOf(system, id)).state)) return seen;
    await sleep(LOOK_MS);
  }
}

function procOf(pid: number): Buffer | undefined {
  try {
    return Buffer.concat(['cmdline', 'environ'].map((file) => readFileSync(`/proc/${pid}/${file}`)));
  } catch {
    return undefined; // It has ended since.
  }
}

function secretsIn(texts: readonly Buffer[], issued: readonly string[]): string[] {
  const needles = needlesOf(issued.map((value, n) => ({ name: `secret ${n}`, value: Buffer.from(value) })));
  return texts.flatMap((text) => findSecrets(text, needles));
}
