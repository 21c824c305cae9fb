import { defineConfig } from 'vitest/config';
import { SlowestFirst } from './test/harness/slowest-first.ts';

const OUTPUT = ['dist/**', '.build/**', '.tools/**', '.dev/**', 'node_modules/**'];

// Tests that start whole programs, browsers or many restic processes: after the quick ones, so that they do not starve
// them.
const HEAVY = ['test/{integration,faults,e2e,conformance}/**/*.test.{ts,tsx}'];
// Tests that measure: alone, at the end.
const MEASURING = ['test/integration/limits.test.ts', 'test/integration/size-and-time.test.ts'];

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 3,
    sequence: { sequencer: SlowestFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 15_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'quick',
          include: ['**/*.test.{ts,tsx}'],
          exclude: [...OUTPUT, ...HEAVY],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'heavy',
          include: HEAVY,
          exclude: [...OUTPUT, ...MEASURING],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'measuring',
          include: MEASURING,
          exclude: OUTPUT,
          testTimeout: 180_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
