import { expect, test } from 'vitest';
import { floodFrames, type FloodOptions } from '../soak/frame-flood.ts';

const MIB = 1024 * 1024;
const soak = process.env['SOAK_FLOOD'];
const seed = Number(process.env['SOAK_SEED'] ?? 20_261_120);
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const RUNS: FloodOptions[] = [
  { kind: 'malformed', frames: soak ? 100_000 : 1_500, burst: 60, seed },
  { kind: 'mixed', frames: soak ? 1_000_000 : 10_000, burst: 2_000, seed, ...(soak && { withinMs: 60_000 }) },
];

test('frames of a Space, malformed or far too many, leave the daemon well and quick to answer', async () => {
  const reports = await floodFrames(RUNS.map((run) => ({ ...run, ...(soak && { tell: say }) })));
  for (const [index, report] of reports.entries()) {
    const { pongMs, statusMs, apiMs, ...figures } = report;
    const worst = { pongMs: Math.max(...pongMs), statusMs: Math.max(...statusMs), apiMs: Math.max(...apiMs) };
    const kind = RUNS[index]?.kind;
    if (soak)
      say(JSON.stringify({ kind, ...figures, pongs: pongMs.length, statuses: statusMs.length, worst }));
    expect(report.isAlive, kind).toBe(true);
    expect(report.jobs, kind).toBe(0);
    expect(report.memoryGrown, kind).toBeLessThan(64 * MIB);
    expect(pongMs.length, kind).toBeGreaterThan(0);
    expect(worst.pongMs, kind).toBeLessThan(1_000);
    // A whole program each time: in the tests on a machine that is busy with others, too.
    expect(soak ? worst.statusMs : median(statusMs), kind).toBeLessThan(soak ? 500 : 1_500);
  }
}, 1_800_000);

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
