import {
  AppError,
  REQUEST_END_STATES,
  type HelperRequestOf,
  type Job,
  type RestoreChoice,
  type RestoreResult,
} from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { JobContext, JobHandler, JobOutcome } from '../jobs/job-types.ts';
import type { KeptTrees } from './kept-trees.ts';
import { nextRequestState, type RequestEvent } from './request-states.ts';
import type { RequestRecords } from './request-records.ts';
import { sourcePathsOf, wayTo, type RestoreAccessOptions } from './restore-access.ts';
import type { RequestRow, RestoreEngine, RestoreStore } from './restore-ports.ts';
import type { StagedTrees } from './staged-trees.ts';
import { subjectOf, type TryLimit } from './try-limit.ts';
import type { TypedDesk } from './typed-desk.ts';

export interface RestoreHandlerOptions extends RestoreAccessOptions {
  readonly store: RestoreStore;
  readonly records: RequestRecords;
  readonly engine: RestoreEngine;
  readonly desk: TypedDesk;
  readonly limit: TryLimit;
  readonly kept: Pick<KeptTrees, 'recover'>;
  readonly staged: StagedTrees;
  readonly clock: Clock;
  readonly config: {
    readonly engineHost: string;
    readonly limits: { readonly downloadKiBPerSecond: number | undefined };
  };
}

/** What a restore job carries: what the person chose when the password was right, or is about to be typed. */
export interface RestoreParams {
  readonly target: string;
  readonly choice: RestoreChoice;
}

const INTERRUPTED = 'the restore was interrupted; nothing of the target was changed';
/** For as long as the helper keeps what it has fetched. */
const GOES_ON_MS = 7 * 24 * 60 * 60_000;
/** Tries of a restore that fails for a reason nobody knows. */
const BLIND_TRIES = 3;
const INTERRUPTED_WHILE_PLACING = 'the restore was interrupted while files were put in place';

/** Brings one snapshot back. The request follows the job in the job's own transactions. */
export function createRestoreHandler(options: RestoreHandlerOptions): JobHandler {
  const { store, records, desk } = options;
  return {
    run: async (context) => {
      try {
        return await restore(options, context);
      } catch (error) {
        desk.refuse(context.job.requestId ?? '', error);
        countTry(options, context.job, error);
        throw final(await placingFault(options, context.job, error), options, context.job);
      } finally {
        desk.forget(context.job.requestId ?? '');
      }
    },
    onInterrupted: (job) => afterInterruption(store.requests.get(job.requestId ?? '')),
    onEnded(job) {
      const row = store.requests.get(job.requestId ?? '');
      desk.refuse(job.requestId ?? '', new AppError('cancelled', 'the restore was cancelled'));
      if (row) follow(records, row, { job, now: options.clock.now() });
      // When all of this is written.
      queueMicrotask(() => void options.staged.look());
    },
  };
}

function afterInterruption(row: RequestRow | undefined): 'requeue' | { readonly fail: string } {
  if (row?.state === 'placing') {
    const where = row.choice?.target ?? 'the target';
    const state = wayBack(row) ?? `look at ${where}${broughtText(row)}`;
    return { fail: `${INTERRUPTED_WHILE_PLACING}: ${state}` };
  }
  if (mayGoOn(row)) return 'requeue';
  return { fail: `${INTERRUPTED}; start it again with \`olares-backup restore ${row?.code ?? ''}\`` };
}

/** A password typed for the restore itself counts like one that was checked before. */
function countTry({ store, limit }: RestoreHandlerOptions, job: Job, error: unknown): void {
  const row = store.requests.get(job.requestId ?? '');
  if (row && error instanceof AppError && error.code === 'wrong_password') limit.wrong(subjectOf(row));
}

async function restore(options: RestoreHandlerOptions, context: JobContext): Promise<JobOutcome> {
  const { store, records, engine } = options;
  const row = store.requests.get(context.job.requestId ?? '');
  if (!row) throw new AppError('not_found', 'the restore has no request');
  const { access, credentials } = await wayTo(options, row);
  const request = helperRequest(options, { row, params: context.params as RestoreParams, access });
  const begin = beginOnce(records, row.id);
  if (request.key === 'machine') begin();
  const result = await engine.run(request, {
    signal: context.signal,
    onReady: () => options.desk.ready(row.id),
    // Before the first old file moves: after a kill this is all that is known of them.
    onKept: (undoPath) => records.note(row.id, { undoPath: undoPath ?? null }),
    onProgress: (progress) => {
      begin();
      if (progress.phase === 'placing') applyIfPossible(records, row.id, 'place');
      context.progress(progress);
    },
    ...(credentials && { credentials }),
  });
  begin();
  if (request.key === 'typed') options.limit.right(subjectOf(row));
  return outcomeOf(records, row, result);
}

/** With a typed key the helper's first progress is the sign that the password was right. */
function beginOnce(records: RequestRecords, requestId: string): () => void {
  let hasBegun = false;
  return () => {
    if (hasBegun) return;
    hasBegun = true;
    applyIfPossible(records, requestId, 'verify');
    applyIfPossible(records, requestId, 'start');
  };
}

function helperRequest(
  options: RestoreHandlerOptions,
  {
    row,
    params,
    access,
  }: { row: RequestRow; params: RestoreParams; access: HelperRequestOf<'restore'>['access'] },
): HelperRequestOf<'restore'> {
  const { config, desk } = options;
  const [subPath, second] = sourcePathsOf(options, row, params.choice);
  const channelPath = desk.pathOf(row.id);
  const downloadKiBPerSecond = config.limits.downloadKiBPerSecond;
  if (row.planId === null && channelPath === undefined) {
    throw new AppError('refused', 'the password has to be typed again for this restore', {
      hint: `olares-backup restore ${row.code}`,
    });
  }
  return {
    verb: 'restore',
    access,
    host: config.engineHost,
    requestId: row.id,
    snapshotId: row.snapshotId,
    choice: params.choice,
    target: params.target,
    key: channelPath === undefined ? 'machine' : 'typed',
    ...(subPath !== undefined && second === undefined && { subPath }),
    ...(channelPath !== undefined && { channelPath }),
    ...(downloadKiBPerSecond !== undefined && { downloadKiBPerSecond }),
  };
}

function outcomeOf(records: RequestRecords, row: RequestRow, result: RestoreResult): JobOutcome {
  const { count } = result.skipped;
  const reason = `${count} ${count === 1 ? 'file' : 'files'} could not be restored`;
  return {
    state: count === 0 ? 'succeeded' : 'incomplete',
    result: { ...result, requestCode: row.code },
    ...(count > 0 && { reason }),
    commit: () => {
      // Cancelled at the last moment, it is restored all the same, and the job says so.
      applyIfPossible(records, row.id, count === 0 ? 'done' : 'partial', {
        error: null,
        reason: count > 0 ? reason : null,
        undoPath: result.undoPath ?? null,
        undoUntil: result.undoUntil ?? null,
      });
    },
  };
}

/** What is to be said of a restore that ended while it placed files: where the old ones are, and how they come back. */
async function placingFault(
  { store, kept }: RestoreHandlerOptions,
  { requestId }: Job,
  error: unknown,
): Promise<unknown> {
  const before = store.requests.get(requestId ?? '');
  if (before === undefined || before.undoPath === null) return error;
  await kept.recover();
  const row = store.requests.get(before.id) ?? before;
  const state = wayBack(row) ?? `the old files are back as they were${broughtText(row)}`;
  return new AppError(error instanceof AppError ? error.code : 'failed', INTERRUPTED_WHILE_PLACING, {
    hint: state,
    cause: error,
  });
}

/** For a person whose target is a mix of old and new. */
function wayBack({ code, undoPath }: RequestRow): string | undefined {
  if (undoPath === null) return undefined;
  return `the old files are kept in ${undoPath}; put them back with \`olares-backup request undo ${code}\``;
}

const broughtText = ({ asidePath }: RequestRow): string =>
  asidePath === null ? '' : `; what the restore had brought is kept in ${asidePath}`;

/** By the machine's key, and as long as nothing was moved. The helper knows whether what was typed still counts. */
const mayGoOn = (row: RequestRow | undefined): boolean =>
  row !== undefined && row.planId !== null && row.state !== 'placing' && !REQUEST_END_STATES.has(row.state);

/** What passes is tried again, without fetching again what is there; a password typed for one run cannot be. */
function final(error: unknown, { store }: RestoreHandlerOptions, { requestId, attempt }: Job): unknown {
  if (!(error instanceof AppError) || error.retry !== 'backoff') return error;
  const isKnown = error.code !== 'failed';
  if (mayGoOn(store.requests.get(requestId ?? '')) && (isKnown || attempt < BLIND_TRIES)) return error;
  const { hint, field } = error;
  return new AppError(error.code, error.message, {
    hint: hint ?? 'nothing of the target was changed; start the restore again',
    ...(field === undefined ? {} : { field }),
    cause: error,
  });
}

/** What the end of a job without a result means for its request. */
function follow(records: RequestRecords, row: RequestRow, { job, now }: { job: Job; now: number }): void {
  if (REQUEST_END_STATES.has(row.state)) return;
  if (job.state === 'cancelled') {
    applyIfPossible(records, row.id, 'cancel', { reason: job.reason ?? 'the restore was cancelled' });
    return;
  }
  const { reason, error } = causeOf(job);
  const isAgain = reason.startsWith(INTERRUPTED) || isForPassword(error);
  const event = isAgain ? 'reopen' : 'fail';
  // It never began, as after a wrong typed password: the person may try again.
  if (nextRequestState(row.state, event) === undefined) records.note(row.id, { reason, error, jobId: null });
  else records.apply(row.id, event, { reason, error, ...(isAgain && again(row, now)) });
}

/** A job that has ended is not the one of the next try, which has as long as what was fetched is kept. */
const again = ({ expiresAt }: RequestRow, now: number) => ({
  jobId: null,
  expiresAt: Math.max(expiresAt, now + GOES_ON_MS),
});

/** The restore could go on, but what was typed counts no longer. */
const isForPassword = (error: Job['error'] | null): boolean =>
  error?.code === 'refused' && error.message.startsWith('the password ');

function causeOf({ error, reason }: Job): Pick<RequestRow, 'reason' | 'error'> & { reason: string } {
  return { reason: error?.message ?? reason ?? 'the restore failed', error: error ?? null };
}

function applyIfPossible(
  records: RequestRecords,
  id: string,
  event: RequestEvent,
  change?: Parameters<RequestRecords['apply']>[2],
): void {
  if (nextRequestState(records.require(id).state, event)) records.apply(id, event, change);
}
