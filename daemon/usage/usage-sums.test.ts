import { expect, it } from 'vitest';
import { toUsage } from './usage-sums.ts';

const MIB = 1024 ** 2;
const store = {
  plans: { list: () => [{ id: 'plan', name: 'photos', location: { kind: 'space' } }] },
  snapshots: { totals: () => ({ addedBytes: 100 * MIB }), list: () => [] },
  facts: { get: () => undefined },
} as unknown as Parameters<typeof toUsage>[0];

const reclaimableOf = (usedBytes: number): number =>
  toUsage(
    store,
    {
      source: 'space',
      totalBytes: 1000 * MIB,
      usedBytes,
      freeBytes: 0,
      canBackup: true,
      planLevel: 1,
      measuredAt: 1,
    },
    1,
  ).reclaimableBytes;

it("calls nothing left over that may be restic's own lists", () => {
  expect(reclaimableOf(101 * MIB)).toBe(0);
  expect(reclaimableOf(99 * MIB)).toBe(0);
  expect(reclaimableOf(110 * MIB)).toBe(10 * MIB);
});
