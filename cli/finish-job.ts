import type { Job } from '../contract/index.ts';
import { jobError, jobResultLines } from './output/job-lines.ts';
import type { Session } from './session.ts';

/**
 * Prints what a watched job did and sets the exit code.
 * @throws AppError for a job that failed or was cancelled
 */
export function finishJob(session: Session, job: Job): void {
  const error = jobError(job);
  if (error) throw error;
  const look = { style: session.print.style, now: session.runtime.now() };
  session.print.result(job, () => jobResultLines(job, look));
  if (job.state === 'incomplete') session.endWith('partial');
  if (job.result?.kind === 'check' && job.result.problems.length > 0) session.endWith('integrity');
}
