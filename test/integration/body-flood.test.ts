import { expect, test } from 'vitest';
import { floodAnswers, floodLocalApi, floodSpace, UNEXPECTED_STATUS } from '../soak/body-flood.ts';

const MIB = 1024 * 1024;
const soak = process.env['SOAK_FLOOD'];
const seed = Number(process.env['SOAK_SEED'] ?? 20_261_120);

test.each([
  ['requests to the local API of the agent', floodLocalApi, 900],
  ['requests to a Space', floodSpace, 900],
  ['answers of a Space to the agent', floodAnswers, 700],
] as const)('malformed %s do no harm', { timeout: 1_800_000 }, async (name, flood, few) => {
  const count = soak ? 100_000 : few;
  const report = await flood({ count, seed });
  if (soak) process.stdout.write(`${name}: ${JSON.stringify(report)}\n`);
  expect(report.isAlive).toBe(true);
  expect(report.memoryGrown).toBeLessThan(64 * MIB);
  expect(report.statuses[UNEXPECTED_STATUS] ?? 0).toBe(0);
});
