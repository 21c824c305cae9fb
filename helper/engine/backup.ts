import { lstat } from 'node:fs/promises';
import { AppError } from '../../contract/errors.ts';
import type { HelperRequestOf, HelperResultOf } from '../../contract/helper-messages.ts';
import type { Session } from '../session.ts';
import { excludeFile } from './excludes.ts';
import { RESTIC_EXIT } from './exit-codes.ts';
import { STORAGE_FULL } from './failures.ts';
import { openMachineRepository } from './machine-repository.ts';
import { backupEnd, errorEvent, messageType, statusMessage, type ResticBackupEnd } from './messages.ts';
import { createProgressMeter } from './progress.ts';
import { repairIndex } from './repair-index.ts';
import type { Repository } from './repository.ts';
import { createSkippedList, skipReason, type SkippedList } from './skipped.ts';
import { createQuotaWatch } from './stall.ts';
import { unlock } from './unlock.ts';

type Request = HelperRequestOf<'backup'>;

/**
 * One snapshot of the given paths, by one restic process.
 * @throws AppError `not_found` when none of the paths exists, else as restic's end says
 */
export async function backup(request: Request, session: Session): Promise<HelperResultOf<'backup'>> {
  const skipped = createSkippedList();
  await assertSources(request.paths, skipped);
  await using repository = await openMachineRepository(session, request);
  if (request.repairFirst) {
    await unlock(repository, session);
    await repairIndex(repository);
  }
  const summary = await run({ request, session, repository, skipped });
  return {
    ...(summary.dry_run || summary.snapshot_id === undefined ? {} : { snapshotId: summary.snapshot_id }),
    filesNew: summary.files_new,
    filesChanged: summary.files_changed,
    filesUnmodified: summary.files_unmodified,
    filesTotal: summary.total_files_processed,
    bytesTotal: summary.total_bytes_processed,
    addedBytes: summary.data_added_packed ?? summary.data_added,
    skipped: skipped.result(),
  };
}

/** restic says in words only which of its sources are missing, so we look ourselves. */
async function assertSources(paths: readonly string[], skipped: SkippedList): Promise<void> {
  const missing = (
    await Promise.all(paths.map(async (path) => ((await isMissing(path)) ? path : undefined)))
  ).filter((path) => path !== undefined);
  if (missing.length === paths.length) {
    throw new AppError('not_found', `nothing to back up: ${missing.slice(0, 3).join(', ')} does not exist`, {
      hint: 'check that the disk is mounted, or change the paths of the plan',
      retry: 'after_action',
    });
  }
  for (const path of missing) skipped.add(path, 'it is not there');
}

async function isMissing(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return false;
  } catch (error) {
    // One we may not look at is restic's to report.
    return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
  }
}

interface Run {
  readonly request: Request;
  readonly session: Session;
  readonly repository: Repository;
  readonly skipped: SkippedList;
}

async function run({ request, session, repository, skipped }: Run): Promise<ResticBackupEnd> {
  using meter = createProgressMeter(session, { phase: 'uploading', waitingSince: repository.waitingSince });
  const quota = createQuotaWatch(session.clock);
  let summary: ResticBackupEnd | undefined;
  const running = repository.run({
    cancel: quota.signal,
    args: backupArgs(request),
    files: {
      '--files-from-raw': request.paths.map((path) => `${path}\0`).join(''),
      '--exclude-file': excludeFile(request.excludes, session.stateDir),
    },
    onText(line) {
      meter.onText(line);
      quota.onText(line);
    },
    accept: [RESTIC_EXIT.partial],
    onMessage(message) {
      const type = messageType(message);
      if (statusMessage.check(message)) meter.onStatus(message);
      if (type === 'summary') summary = backupEnd.parse(message, "restic's summary");
      if (type === 'error') noteError(message, skipped);
    },
  });
  const end = await running.catch((error: unknown) => {
    throw quota.signal.aborted && !session.cancel.aborted ? storageFull(error) : error;
  });
  if (!summary || (!request.dryRun && summary.snapshot_id === undefined)) {
    throw new AppError('failed', 'restic ended without naming the snapshot it made', { retry: 'backoff' });
  }
  if (end.code === RESTIC_EXIT.partial && skipped.result().count === 0) {
    skipped.add(request.paths[0] ?? '/', 'some of it could not be read; see the log');
  }
  return summary;
}

/** The scan before only estimates the size; what it could not read, the archiver reports again. */
function noteError(message: unknown, skipped: SkippedList): void {
  const { item, during, error } = errorEvent.parse(message, "restic's error");
  if (during === 'archival' && item !== undefined) skipped.add(item, skipReason(error?.message ?? ''));
}

function backupArgs({ host, tags, uploadKiBPerSecond, dryRun }: Request): string[] {
  return [
    'backup',
    `--host=${host}`,
    ...tags.map((tag) => `--tag=${tag}`),
    '--retry-lock=30s',
    ...(uploadKiBPerSecond === undefined ? [] : [`--limit-upload=${uploadKiBPerSecond}`]),
    ...(dryRun ? ['--dry-run'] : []),
  ];
}

/** restic was asked to end, so its own end says only that. */
function storageFull(cause: unknown): AppError {
  const { code, message, hint, retry } = STORAGE_FULL;
  return new AppError(code, message, { hint, retry, cause });
}
