import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { Anchor } from './anchor.ts';
import type { Faults } from './download.ts';
import { isInside, type Selection } from './selection.ts';

/**
 * The faults, and with them each path that was asked for and that the snapshot does not have: restic says nothing of it.
 * @throws AppError `not_found` when that are all of them
 */
export function withMissing(faults: Faults, staging: Anchor, { include, isPartial }: Selection): Faults {
  if (!isPartial) return faults;
  const failed = [...faults.keys()];
  const missing = include.filter(
    (path) => !isThere(join(staging.at('content'), path)) && !failed.some((each) => isInside(each, path)),
  );
  const [first] = missing;
  if (first === undefined) return faults;
  if (missing.length === include.length) throw noneOf(first, missing.length - 1);
  return new Map([...faults, ...missing.map((path) => [path, 'the snapshot does not have it'] as const)]);
}

function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // What should be a directory on the way is a file.
    return false;
  }
}

const noneOf = (first: string, others: number) =>
  new AppError(
    'not_found',
    `the snapshot has no ${first}${others === 0 ? '' : `, and none of ${others} more that were asked for`}; nothing was changed`,
    { field: 'include', hint: 'look at `olares-backup snapshot ls SNAPSHOT`, or `snapshot find NAME`' },
  );
