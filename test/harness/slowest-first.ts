import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Begun first, so that none of them runs alone at the end while the other processor rests. */
const SLOWEST = ['real-input', 'restic-killed', 'kill-cycles', 'engine-flood', 'round-trip', 'repositories'];

/** vitest's own order, with the files that take longest before all others. */
export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}

function rank({ moduleId }: TestSpecification): number {
  const place = SLOWEST.findIndex((name) => moduleId.includes(`/${name}.test.`));
  return place < 0 ? SLOWEST.length : place;
}
