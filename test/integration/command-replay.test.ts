import { expect, test } from 'vitest';
import { replayCommand } from '../soak/command-replay.ts';

const frames = Number(process.env['SOAK_FRAMES'] ?? 300);
const restarts = Number(process.env['SOAK_RESTARTS'] ?? 3);

test(
  `one command sent ${frames} times over ${restarts} restarts and with an older database has one effect`,
  { timeout: 1_800_000 },
  async () => {
    const report = await replayCommand({
      frames,
      restarts,
      tell: (text) => process.stdout.write(`${text}\n`),
    });
    if (process.env['SOAK_FRAMES'])
      process.stdout.write(`${JSON.stringify({ ...report, jobs: [...report.jobs] })}\n`);
    expect(report.sent).toBe(frames);
    expect(report.databasesPutBack).toBe(2);
    expect(report.jobs.size).toBe(1);
    expect(report.snapshots).toBe(1);
    expect(new Set(Object.keys(report.answers))).toEqual(new Set(['done']));
  },
);
