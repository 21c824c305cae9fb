import { expect, test } from 'vitest';
import { measureLinks, type ScaleOptions } from '../soak/link-scale.ts';

const soak = process.env['SOAK_LINKS'];
const slow = { awayMs: 20_000, reconnect: { reconnectBaseMs: 1_000, reconnectMaxMs: 300_000 } };
// The same in a tenth of the time.
const quick = { awayMs: 1_000, reconnect: { reconnectBaseMs: 100, reconnectMaxMs: 4_000 } };
const RUNS: ScaleOptions[] = soak
  ? [
      { links: Number(soak), kind: 'agents', ...slow },
      { links: 10 * Number(soak), kind: 'simulated', ...slow },
    ]
  : [
      { links: 20, kind: 'agents', ...quick },
      { links: 100, kind: 'simulated', ...quick },
    ];

test.each(RUNS.map((run) => [run.links, run.kind, run] as const))(
  '%i links (%s) are all back after their Space was killed, and not at once',
  { timeout: 1_800_000 },
  async (links, _kind, run) => {
    const report = await measureLinks(run);
    if (soak) process.stdout.write(`${run.kind}: ${JSON.stringify(report)}\n`);
    expect(report.back).toBe(links);
    expect(report.bytesPerLink).toBeLessThan(1024 * 1024);
    // Of a few links by chance many come at once: the ratio is one of many links.
    expect(report.peakPerSecond).toBeLessThanOrEqual(soak ? 3 * report.meanPerSecond : links);
  },
);
