import { dirname } from 'node:path';
import type { BigIntStats } from 'node:fs';
import type { LeftOut } from './scan.ts';
import { wayInTarget, type Selection } from './selection.ts';

/** What of the snapshot did not come back, as it would lie below the target. */
export interface LeftBehind {
  /** Whether the snapshot has it, or something in it, all the same: what lies there now is not extra. */
  has(way: Buffer): boolean;
  /** As the snapshot has it. */
  modeOf(staged: BigIntStats): bigint;
}

export function leftBehind(left: LeftOut | undefined, { roots }: Selection): LeftBehind {
  const wayOf = wayInTarget(roots);
  const ways = new Set<string>();
  for (const path of left?.paths ?? []) {
    for (let way = wayOf(path); !ways.has(marked(way)) && way !== '.'; way = dirname(way))
      ways.add(marked(way));
  }
  return {
    has: (way) => ways.size > 0 && ways.has(marked(way.toString('utf8'))),
    modeOf: ({ ino, mode }) => BigInt(left?.modes.get(Number(ino)) ?? mode),
  };
}

/** restic names what is no valid text with marks: as many as it likes. */
const marked = (way: string) => way.replace(/\ufffd+/g, '\ufffd');
