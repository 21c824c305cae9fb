import { expect, test } from 'vitest';
import { floodFrames, type FloodOptions } from '../soak/frame-flood.ts';

const MIB = 1024 * 1024;
const soak = process.env['SOAK_FLOOD'];
const seed = Number(process.env['SOAK_SEED'] ?? 20_261_120);
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const RUNS: FloodOptions[] = [
  { kind: 'malformed', frames: soak ? 100_000 : 3_000, burst: 60, seed },
  { kind: 'mixed', frames: soak ? 1_000_000 : 20_000, burst: 2_000, seed, ...(soak && { withinMs: 60_000 }) },
];

test.each(RUNS.map((run) => [run.frames, run.kind, run] as const))(
  '%i frames (%s) of a Space leave the daemon well and quick to answer',
  { timeout: 1_800_000 },
  async (_frames, _kind, run) => {
    const report = await floodFrames({ ...run, ...(soak && { tell: say }) });
    const { pongMs, statusMs, apiMs, ...figures } = report;
    const worst = { pongMs: Math.max(...pongMs), statusMs: Math.max(...statusMs), apiMs: Math.max(...apiMs) };
    if (soak) say(JSON.stringify({ ...figures, pongs: pongMs.length, statuses: statusMs.length, worst }));
    expect(report.isAlive).toBe(true);
    expect(report.jobs).toBe(0);
    expect(report.memoryGrown).toBeLessThan(64 * MIB);
    expect(pongMs.length).toBeGreaterThan(0);
    expect(worst.pongMs).toBeLessThan(1_000);
    // A whole program each time: in the tests on a machine that is busy with others, too.
    expect(soak ? worst.statusMs : median(statusMs)).toBeLessThan(soak ? 500 : 1_500);
  },
);

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
