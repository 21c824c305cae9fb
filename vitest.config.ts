import { defineConfig } from 'vitest/config';

const OUTPUT = ['dist/**', '.build/**', '.tools/**', '.dev/**', 'node_modules/**'];

// Tests that start whole programs, browsers or many restic processes: one file at a time, after all the others, so
// that they do not starve each other or the quick ones.
const HEAVY = ['test/{integration,faults,e2e,conformance}/**/*.test.{ts,tsx}'];

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
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
          exclude: OUTPUT,
          testTimeout: 180_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
