import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { measureIndex } from './testing/measure.ts';

/** The limits are far above what is measured on a quiet machine: docs/benchmarks.md. */
it('indexes and answers for 20,000 files within generous limits', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'index-measure-'));
  try {
    const helper = [process.execPath, join(import.meta.dirname, 'testing/list-helper.mjs'), '20000'];
    const figures = await measureIndex({ directory, helper });
    expect(figures).toMatchObject({ changed: 400, found: 1, listed: 100 });
    expect(figures['first.buildMs']).toBeLessThan(20_000);
    expect(figures['first.filesBytes']).toBeLessThan(10 * 2 ** 20);
    expect(figures['openFolder.medianMs']).toBeLessThan(50);
    expect(figures['findNothing.medianMs']).toBeLessThan(200);
    expect(figures['findRare.medianMs']).toBeLessThan(200);
    // What the second snapshot shares with the first is not written again.
    const grown = (figures['second.filesBytes'] ?? 0) - (figures['first.filesBytes'] ?? 0);
    expect(grown).toBeLessThan(2 ** 20);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
