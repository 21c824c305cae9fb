import {
  AppError,
  cleanText,
  fromErrorBody,
  type BackupResult,
  type CheckResult,
  type Job,
  type RestoreResult,
  type Skipped,
} from '../../contract/index.ts';
import { formatBytes, formatCount, formatDuration, formatMoment, plural } from './format.ts';
import type { Style } from './style.ts';

export interface Look {
  readonly style: Style;
  readonly now: number;
}

/** What a finished job did, in words. */
export function jobResultLines(job: Job, look: Look): string[] {
  const { result } = job;
  if (!result) return [`${jobTitle(job)}: ${job.state}`];
  if (result.kind === 'backup') return backupLines(job, result, look);
  if (result.kind === 'restore') return restoreLines(job, result, look);
  return checkLines(job, result, look);
}

export function jobTitle(job: Job): string {
  return job.planName === undefined ? job.kind : `${job.kind} of ${cleanText(job.planName)}`;
}

function backupLines(job: Job, result: BackupResult, { style }: Look): string[] {
  const isWhole = result.skipped.count === 0;
  const head = isWhole ? style.good('Snapshot taken') : style.warn('Snapshot taken, but it is incomplete');
  return [
    `${head}: ${style.bold(result.snapshotId.slice(0, 8))}${job.planName === undefined ? '' : ` of ${cleanText(job.planName)}`}`,
    `  ${plural(result.filesTotal, 'file')}, ${formatBytes(result.bytesTotal)}; ` +
      `${formatCount(result.filesNew)} new, ${formatCount(result.filesChanged)} changed, ${formatCount(result.filesUnmodified)} unchanged`,
    `  ${formatBytes(result.addedBytes)} added to storage in ${formatDuration(result.durationMs)}`,
    ...skippedLines(result.skipped, `${plural(result.skipped.count, 'file')} could not be read:`),
    ...warningLines(result.warnings, style),
  ];
}

function restoreLines(job: Job, result: RestoreResult, { style, now }: Look): string[] {
  const isWhole = result.skipped.count === 0;
  const head = isWhole ? style.good('Restored') : style.warn('Restored, but not everything');
  return [
    `${head} ${plural(result.filesRestored, 'file')}, ${formatBytes(result.bytesRestored)} in ${formatDuration(result.durationMs)}`,
    `  to ${style.bold(cleanText(result.target, 4096))}`,
    ...proofLines(result),
    ...skippedLines(result.skipped, `${plural(result.skipped.count, 'file')} could not be restored:`),
    ...skippedLines(result.stripped, `${plural(result.stripped.count, 'special right')} not brought back:`),
    ...mergedLines(result),
    ...undoLines(job, result, now),
    ...warningLines(result.warnings, style),
  ];
}

/** What became of files at a target that held some. */
function mergedLines({ merged }: RestoreResult): string[] {
  if (merged === undefined) return [];
  const parts = [
    `${formatCount(merged.added)} new`,
    `${formatCount(merged.replaced)} replaced`,
    ...(merged.renamed > 0 ? [`${formatCount(merged.renamed)} brought under a new name`] : []),
    ...(merged.kept > 0 ? [`${formatCount(merged.kept)} left as they were`] : []),
    ...(merged.same > 0 ? [`${formatCount(merged.same)} the same`] : []),
    ...(merged.extra > 0 ? [`${formatCount(merged.extra)} there only, left`] : []),
    ...(merged.deleted > 0 ? [`${formatCount(merged.deleted)} there only, deleted`] : []),
  ];
  return [`  ${parts.join(', ')}`];
}

/** How much of it was proven, and by whom. */
function proofLines({
  filesVerified,
  entriesCompared = 0,
  filesHashed = 0,
  ...result
}: RestoreResult): string[] {
  const resumed =
    result.resumedBytes === undefined
      ? []
      : [`  ${formatBytes(result.resumedBytes)} were there from an interrupted run`];
  if (entriesCompared === 0 && filesVerified === 0)
    return ['  not verified: nothing was read again', ...resumed];
  return [
    `  ${formatCount(filesVerified)} of ${plural(filesVerified + result.skipped.count, 'file')} read again and compared by restic, ${formatCount(filesHashed)} hashed again by us`,
    `  kind, size, rights, owner and time of ${plural(entriesCompared, 'entry', 'entries')} compared with the snapshot's list`,
    ...resumed,
  ];
}

function undoLines(
  job: Job,
  { undoPath, undoUntil, undoBytes, requestCode }: RestoreResult,
  now: number,
): string[] {
  if (undoPath === undefined) return [];
  const space = undoBytes === undefined ? '' : `, which takes ${formatBytes(undoBytes)}`;
  const request = requestCode ?? job.requestId;
  const until = undoUntil === undefined ? '' : `, kept until ${formatMoment(undoUntil, now)}`;
  return [
    `  what was there before is in ${cleanText(undoPath, 4096)}${space}${until}`,
    ...(request === undefined
      ? []
      : [`  put it back with: olares-backup request undo ${cleanText(request, 40)}`]),
  ];
}

function checkLines(job: Job, result: CheckResult, { style }: Look): string[] {
  const read = result.readDataPercent > 0 ? `, ${result.readDataPercent} % of the data read` : '';
  const where =
    job.planName === undefined ? 'the repository' : `the repository of ${cleanText(job.planName)}`;
  const took = `checked in ${formatDuration(result.durationMs)}${read}`;
  if (result.problems.length === 0) return [`${style.good('No problem found')}: ${where} was ${took}`];
  return [
    `${style.bad(plural(result.problems.length, 'problem'))}: ${where} was ${took}`,
    ...result.problems.map((problem) => `  ${cleanText(problem)}`),
  ];
}

function skippedLines({ count, first }: Skipped, title: string): string[] {
  if (count === 0) return [];
  const names = first.map(({ path, reason }) => `    ${cleanText(path, 4096)}: ${cleanText(reason)}`);
  const more = count > first.length ? [`    and ${formatCount(count - first.length)} more`] : [];
  return [`  ${title}`, ...names, ...more];
}

function warningLines(warnings: readonly string[], style: Style): string[] {
  return warnings.map((warning) => `  ${style.warn('warning:')} ${cleanText(warning)}`);
}

/** The error of a job that ended without a result, or that nobody can watch to its end. */
export function jobError(job: Job): AppError | undefined {
  if (job.state === 'succeeded' || job.state === 'incomplete') return undefined;
  if (job.state === 'cancelled') {
    return new AppError('cancelled', `the ${jobTitle(job)} was cancelled; ${CANCELLED[job.kind]}`);
  }
  if (job.state === 'interrupted') {
    return new AppError(
      'failed',
      `the ${jobTitle(job)} was interrupted${reasonOf(job)}; ${CANCELLED[job.kind]}`,
      {
        hint: 'start it again with `olares-backup restore`',
      },
    );
  }
  if (job.state === 'waiting' && job.error) {
    const { hint } = job.error;
    return fromErrorBody({
      ...job.error,
      hint: `${hint === undefined ? '' : `${hint}; `}it is tried again by itself: olares-backup job watch ${job.id}`,
    });
  }
  return job.error
    ? fromErrorBody(job.error)
    : new AppError('failed', `the ${jobTitle(job)} failed${reasonOf(job)}`, {
        hint: 'see `olares-backup logs`',
      });
}

const CANCELLED: Record<string, string> = {
  backup: 'no snapshot was made, what was already uploaded is used by the next run',
  restore: 'your files are as they were',
  check: 'nothing was changed',
};

function reasonOf({ reason }: Job): string {
  return reason === undefined ? '' : ` (${cleanText(reason)})`;
}
