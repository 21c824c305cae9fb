import type { Job, JobResult } from '../../../contract/index.ts';
import { counted, formatBytes } from '../format/size.ts';

/** A job's outcome in one line; its error first. */
export function resultWords({ error, result, reason }: Job): string | undefined {
  if (error) return error.message;
  return result ? wordsOf(result) : reason;
}

function wordsOf(result: JobResult): string {
  switch (result.kind) {
    case 'backup':
      return joined([
        counted(result.filesTotal, 'file'),
        formatBytes(result.bytesTotal),
        `${formatBytes(result.addedBytes)} added`,
        skippedWords(result.skipped.count),
      ]);
    case 'restore':
      return joined([
        `${counted(result.filesRestored, 'file')} to ${result.target}`,
        formatBytes(result.bytesRestored),
        skippedWords(result.skipped.count),
      ]);
    case 'check':
      return result.problems.length === 0 ? 'no problems found' : counted(result.problems.length, 'problem');
  }
}

const skippedWords = (count: number) => (count === 0 ? undefined : `${counted(count, 'file')} left out`);

const joined = (parts: readonly (string | undefined)[]) =>
  parts.filter((part) => part !== undefined).join(' · ');
