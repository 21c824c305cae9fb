import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openSpace } from '../../space/server.ts';
import { eventually } from '../harness/eventually.ts';
import { FaultProxy } from '../harness/fault-proxy.ts';
import { temporaryDir } from '../harness/temporary-dir.ts';
import { startTestAgent } from './space-link.fixture.ts';

/** `real` by scripts/half-open.mjs: with the heartbeat that the agent has, and many lines. */
const IS_REAL = process.env['HALF_OPEN'] === 'real';
const HEARTBEAT = IS_REAL ? {} : { pingEveryMs: 400, pongWithinMs: 300 };
const LINES = IS_REAL ? 20 : 3;
const LIMIT_MS = IS_REAL ? 30_000 : 3_000;

test(
  'a line that has died without a word is found in time, at whatever moment it dies',
  { timeout: 180_000 },
  async () => {
    const foundMs = await Promise.all(
      Array.from({ length: LINES }, (_, line) => dieAfter(line * (IS_REAL ? 900 : 130))),
    );
    if (IS_REAL)
      process.stdout.write(`found after ${foundMs.map((ms) => (ms / 1000).toFixed(1)).join(', ')} s\n`);
    expect(foundMs.filter((ms) => ms > LIMIT_MS)).toEqual([]);
  },
);

/** @returns how long the dead line was taken for a living one */
async function dieAfter(delayMs: number): Promise<number> {
  using dir = temporaryDir('half-open');
  await using proxy = await FaultProxy.start();
  const space = await openSpace({
    dataDir: `${dir.path}/space`,
    publicUrl: proxy.url,
    clock: Date.now,
    random: randomBytes,
  });
  proxy.forwardTo(space.port);
  try {
    await using agent = startTestAgent(`${dir.path}/agent`, {}, HEARTBEAT);
    const { code } = space.createPairingCode('alice@olares.com');
    await agent.part.account.login({ spaceUrl: proxy.url, code });
    const isLive = () => agent.part.account.link().state === 'live';
    await eventually(isLive, 'a live link', 30_000);
    await sleep(delayMs);
    const strike = proxy.strike('WebSocket', 'black hole');
    const diedAt = performance.now();
    await eventually(() => !isLive(), 'the end of the dead line', 60_000);
    const foundMs = performance.now() - diedAt;
    expect(agent.health.list().map(({ message }) => message)).toEqual([
      expect.stringMatching(/no sign of life/) as string,
    ]);
    expect(strike.hits).toBeGreaterThan(0);
    strike.heal();
    await eventually(isLive, 'a live link again', 60_000);
    return foundMs;
  } finally {
    await space.close();
  }
}
