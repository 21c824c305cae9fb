import type { Session } from '../session.ts';
import type { ResticEnd } from './exit-codes.ts';
import type { Repository, RepositoryRun } from './repository.ts';
import { stallReason } from './stall.ts';

const NO_LOCK = '--no-lock';

/**
 * Runs a restic that only reads. A full storage may refuse even its lock, and restic would ask for one for a quarter
 * of an hour: then it reads without, since bringing data back matters more than a clean-up that a lock would keep off.
 * @throws AppError as `Repository.run`
 */
export async function runReading(
  session: Session,
  repository: Repository,
  run: RepositoryRun,
): Promise<ResticEnd> {
  const refused = new AbortController();
  const others = [session.cancel, ...(run.cancel ? [run.cancel] : [])];
  const onText = (line: string) => {
    run.onText?.(line);
    if (isLockRefused(line)) refused.abort();
  };
  try {
    const cancel = AbortSignal.any([refused.signal, ...others]);
    return await repository.run({ ...run, onText, cancel });
  } catch (error) {
    if (!refused.signal.aborted || others.some(({ aborted }) => aborted)) throw error;
    session.output.log('warn', 'the storage is full and refuses a lock; reading without one');
    return await repository.run({ ...run, args: [...run.args, NO_LOCK] });
  }
}

export const isLockRefused = (line: string): boolean =>
  line.startsWith('Save(<lock/') && stallReason(line)?.isQuota === true;
