import { AppError, type RestoreRequest } from '../../contract/index.ts';
import { formatSpan, formatTime, plural } from '../output/format.ts';
import type { Session } from '../session.ts';

/** Further behind the newest than this a snapshot is restored only by somebody who says its date. */
const OLD_MS = 30 * 24 * 60 * 60 * 1000;
const TRIES = 3;

/**
 * An old snapshot may be just what is wanted, or what somebody else wants this machine to go back to. A yes is said too
 * easily; the date is read first.
 * @throws AppError `refused` when another date was said, `invalid_input` where nobody can be asked
 */
export async function requireDate(
  session: Session,
  request: RestoreRequest,
  accepted: string | undefined,
): Promise<void> {
  const { takenAt, newestTakenAt } = request;
  if (takenAt === undefined || newestTakenAt === undefined || newestTakenAt - takenAt < OLD_MS) return;
  const day = formatTime(takenAt).slice(0, 10);
  const words = `This snapshot is ${distanceOf(request, newestTakenAt - takenAt)} older than the newest one.`;
  if (accepted !== undefined) {
    if (accepted.trim() === day) return;
    throw otherDate(`--accept-date says ${JSON.stringify(accepted)}, but the snapshot is of ${day}`);
  }
  if (!session.interactive) {
    throw new AppError('invalid_input', `${words} Its date must be said`, {
      field: '--accept-date',
      hint: `if that is what you want: --accept-date ${day}`,
    });
  }
  session.print.warn(words);
  const { askText } = await import('../prompts/prompts.ts');
  for (let tries = 0; tries < TRIES; tries += 1) {
    const typed = await askText(`Type its date, ${day}, to restore it all the same:`);
    if (typed.trim() === day) return;
  }
  throw otherDate('another date was typed');
}

function distanceOf({ newerSnapshots }: RestoreRequest, ms: number): string {
  const span = formatSpan(ms);
  return newerSnapshots === undefined ? span : `${span} and ${plural(newerSnapshots, 'snapshot')}`;
}

function otherDate(message: string): AppError {
  return new AppError('refused', `${message}; nothing was downloaded or changed`, { field: '--accept-date' });
}
