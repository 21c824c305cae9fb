import type { Skipped } from '../../contract/model/job.ts';
import { cleanText } from '../../contract/text.ts';

const NAMES_KEPT = 20;

/** Counts things that were left out and keeps the first 20 by name, each once. */
export interface SkippedList {
  add(path: string, reason: string): void;
  result(): Skipped;
}

export function createSkippedList(): SkippedList {
  const first: Skipped['first'] = [];
  let count = 0;
  return {
    add(path, reason) {
      count += 1;
      if (first.length < NAMES_KEPT) first.push({ path: cleanText(path, 4096), reason });
    },
    result: () => ({ count, first }),
  };
}

const REASONS: readonly (readonly [RegExp, string])[] = [
  [/permission denied/i, 'no permission to read it'],
  [/no such file or directory/i, 'it is not there'],
  [/input\/output error/i, 'the disk has a fault there'],
  [/is a directory|not a directory/i, 'it changed its kind while it was read'],
  [/no space left on device/i, 'the disk is full'],
  [
    /ciphertext verification failed|hash mismatch|ReadFull|not found in|invalid data/i,
    'its data in the repository is damaged',
  ],
  [/stale (?:NFS )?file handle|transport endpoint/i, 'its file system went away'],
  [/operation not permitted/i, 'the system does not allow it'],
];

/** Why a file was left out, in words, from what restic says about it. */
export function skipReason(text: string): string {
  const known = REASONS.find(([pattern]) => pattern.test(text))?.[1];
  return known ?? cleanText(text.slice(text.lastIndexOf(': ') + 1).trim() || 'it could not be read', 200);
}
