import type { Forecast } from '../../contract/index.ts';
import { DAY_MS, type DaySample } from './samples.ts';

/** Fewer days say nothing about weeks. */
const LEAST_DAYS = 7;
/** Of a normal distribution: the true trend lies in the band nine times out of ten. */
const Z_90_PERCENT = 1.645;
/** Who knows what is in three years. */
const FARTHEST_MS = 3 * 365 * DAY_MS;
/** A fall of this share of what was used is somebody who made room: what came before says nothing any more. */
const MADE_ROOM_SHARE = 0.05;

/**
 * When the storage will be full, by the Theil-Sen trend of the daily samples: the median of the slopes between all
 * pairs, so that a single day on which everything was copied changes nothing. The band is Sen's confidence interval.
 * @param samples oldest first, one a day
 * @returns undefined when there are too few days, it does not grow, or it will take years
 */
export function forecastFull(
  samples: readonly DaySample[],
  { usedBytes, totalBytes, now }: { usedBytes: number; totalBytes: number; now: number },
): Forecast | undefined {
  const recent = sinceRoomWasMade(samples);
  const freeBytes = totalBytes - usedBytes;
  if (recent.length < LEAST_DAYS || freeBytes <= 0) return undefined;
  const { median, low, high } = slopes(recent);
  const at = (bytesPerDay: number): number => now + (freeBytes / bytesPerDay) * DAY_MS;
  if (median <= 0 || high <= 0 || at(median) > now + FARTHEST_MS) return undefined;
  const latestAt = low > 0 ? at(low) : Infinity;
  return {
    earliestAt: Math.round(at(high)),
    ...(latestAt <= now + FARTHEST_MS && { latestAt: Math.round(latestAt) }),
    bytesPerDay: Math.round(median),
    days: spanOf(recent),
  };
}

const spanOf = (samples: readonly DaySample[]): number =>
  (samples.at(-1)?.day ?? 0) - (samples[0]?.day ?? 0) + 1;

function sinceRoomWasMade(samples: readonly DaySample[]): readonly DaySample[] {
  const start = samples.findLastIndex((sample, index) => {
    const before = samples[index - 1];
    return before !== undefined && sample.usedBytes < before.usedBytes * (1 - MADE_ROOM_SHARE);
  });
  return samples.slice(Math.max(0, start));
}

function slopes(samples: readonly DaySample[]): { median: number; low: number; high: number } {
  const all: number[] = [];
  for (const [index, a] of samples.entries()) {
    for (const b of samples.slice(index + 1)) all.push((b.usedBytes - a.usedBytes) / (b.day - a.day));
  }
  all.sort((a, b) => a - b);
  const count = samples.length;
  const spread = Z_90_PERCENT * Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18);
  const rank = (position: number): number =>
    all[Math.min(all.length - 1, Math.max(0, Math.round(position)))] ?? 0;
  return {
    median: rank((all.length - 1) / 2),
    low: rank((all.length - spread) / 2 - 1),
    high: rank((all.length + spread) / 2),
  };
}
