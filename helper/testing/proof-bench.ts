import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { HelperRequestOf, HelperResultOf } from '../../contract/helper-messages.ts';
import { newRequestId, type Answer, type AskOptions, type Bench } from './bench.ts';
import { describeTree } from './odd-tree.ts';

/** How often a proof is repeated: few times in the tests, the full number by `scripts/restore-proofs.mjs`. */
export function times(few: number): number {
  const wanted = Number(process.env['RESTORE_PROOFS'] ?? few);
  if (Number.isInteger(wanted) && wanted > 0) return wanted;
  throw new Error('RESTORE_PROOFS is no number');
}

/** The same numbers for the same seed, so that a failure can be repeated. */
export function seeded(seed: number): (limit: number) => number {
  let count = 0;
  return (limit) => {
    const digest = createHash('sha256')
      .update(`${seed}:${(count += 1)}`)
      .digest();
    return digest.readUInt32BE() % limit;
  };
}

export interface Taken {
  readonly bench: Pick<Bench, 'common' | 'grant' | 'ask'>;
  readonly source: string;
  readonly snapshotId: string;
}

export async function takeSnapshot(bench: Bench, source: string): Promise<Taken> {
  const request: HelperRequestOf<'backup'> = {
    verb: 'backup',
    ...bench.common,
    paths: [source],
    excludes: [],
    tags: [],
    repairFirst: false,
  };
  const { result, error } = await bench.ask<'backup'>(request);
  if (error) throw new Error(JSON.stringify(error));
  return { bench, source, snapshotId: result.snapshotId ?? '' };
}

type Restore = HelperRequestOf<'restore'>;

export function restoreRequest(
  { bench, source, snapshotId }: Taken,
  what: Partial<Restore> & Pick<Restore, 'target'>,
): Restore {
  return {
    verb: 'restore',
    ...bench.common,
    requestId: newRequestId(),
    snapshotId,
    choice: {},
    subPath: source,
    key: 'machine',
    ...what,
  };
}

export async function restoreTo(
  taken: Taken,
  what: Partial<Restore> & Pick<Restore, 'target'>,
  options: AskOptions = {},
): Promise<Answer<'restore'> & { readonly result: HelperResultOf<'restore'> }> {
  const request = restoreRequest(taken, what);
  taken.bench.grant(request);
  return await taken.bench.ask<'restore'>(request, options);
}

/** One line for a whole tree: names, rights, owners, times, links, content. */
export const hashOf = (root: string): string =>
  createHash('sha256').update(describeTree(root).join('\n')).digest('hex');

export const at = (bench: Bench, ...names: string[]): string => join(bench.root, ...names);
