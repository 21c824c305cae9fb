import {
  AppError,
  cleanText,
  JOB_END_STATES,
  type Job,
  type RestorePreview,
  type RestoreRequest,
} from '../../contract/index.ts';
import { plural } from '../output/format.ts';
import { jobError, jobResultLines } from '../output/job-lines.ts';
import type { Session } from '../session.ts';
import { watchJob } from '../watch-job.ts';

export interface SnapshotFirst {
  readonly request: RestoreRequest;
  readonly preview: RestorePreview;
  /** By `--snapshot-first`; else a person is asked. */
  readonly isWanted: boolean;
}

/**
 * Before files of a plan are replaced where they are: a snapshot of them as they are now.
 * @throws AppError what was wrong with the snapshot, when the restore shall not go on without it
 */
export async function takeSnapshotFirst(
  session: Session,
  { request, preview, isWanted }: SnapshotFirst,
): Promise<void> {
  if (isWanted) requirePlan(request);
  const { planId } = request;
  const isNeeded = preview.inPlace && preview.targetExists;
  if (planId === undefined || !isNeeded || !(isWanted || (await isAskedFor(session, planId)))) return;
  try {
    await takeSnapshot(session, planId);
  } catch (error) {
    await goOnWithout(session, error);
  }
}

function requirePlan({ planId }: RestoreRequest): void {
  if (planId !== undefined) return;
  throw new AppError('invalid_input', 'no plan of this machine backs up what would be replaced', {
    field: '--snapshot-first',
    hint: 'leave it out; the old files are kept for undo all the same',
  });
}

async function isAskedFor(session: Session, planId: string): Promise<boolean> {
  if (!session.interactive || session.yes) return false;
  const plan = await session.api.call('getPlan', { params: { plan: planId } });
  if (plan.state !== 'armed') return false;
  const { askConfirm } = await import('../prompts/prompts.ts');
  return askConfirm(
    `Take a snapshot of ${cleanText(plan.name, 100)} as it is now, before it is replaced?`,
    true,
  );
}

async function takeSnapshot(session: Session, plan: string): Promise<void> {
  const { api, print, runtime } = session;
  const before = await api.call('listJobs', { query: { plan, active: true } });
  // One that runs already may have passed what has changed since.
  const running = before.find(({ kind }) => kind === 'backup');
  if (running) await watchJob(session, running.id, 'cancel');
  const { id } = await api.call('backupPlan', { params: { plan } });
  const job = await watchJob(session, id, 'cancel');
  requireWhole(job);
  const look = { style: print.errorStyle, now: runtime.now() };
  jobResultLines(job, look).forEach((line) => print.note(line));
}

function requireWhole(job: Job): void {
  const error = jobError(job);
  if (error) throw error;
  if (job.state === 'succeeded' || !JOB_END_STATES.has(job.state) || job.result?.kind !== 'backup') return;
  const { count, first } = job.result.skipped;
  const name = first[0] === undefined ? '' : `, such as ${cleanText(first[0].path, 200)}`;
  throw new AppError(
    'partial',
    `the snapshot that was taken first lacks ${plural(count, 'file')} that could not be read${name}`,
  );
}

/** @throws what was wrong, unless a person goes on all the same */
async function goOnWithout(session: Session, error: unknown): Promise<void> {
  if (!(error instanceof AppError)) throw error;
  if (error.code === 'cancelled' || session.yes || !session.interactive) throw notRestored(error);
  await askWithout(session, error);
}

const notRestored = (error: AppError): AppError =>
  new AppError(error.code, `${error.message}; nothing was restored`, {
    hint: error.hint ?? 'the restore can be done without a snapshot first: the old files are kept for undo',
    cause: error,
  });

async function askWithout(session: Session, error: AppError): Promise<void> {
  session.print.warn(error.code === 'partial' ? error.message : `no snapshot was taken: ${error.message}`);
  if (error.hint !== undefined) session.print.note(error.hint);
  const { askConfirm } = await import('../prompts/prompts.ts');
  if (await askConfirm('Restore without it? The old files are kept for undo.')) return;
  throw new AppError('refused', 'not confirmed; nothing was restored or changed');
}
