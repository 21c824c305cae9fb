import { resolve } from 'node:path';
import {
  AppError,
  cleanText,
  type RestoreChoice,
  type RestorePreview,
  type Snapshot,
} from '../../contract/index.ts';
import { formatBytes, formatRelative, formatTime } from '../output/format.ts';
import { resolvePlan } from '../resolve-plan.ts';
import type { Session } from '../session.ts';
import { findRequest, type FoundRequest } from './find-request.ts';

const OTHER = 'other';

/** Leads a person from nothing to a request: what waits first, else a plan and one of its snapshots. */
export async function guideToRequest(session: Session, planName: string | undefined): Promise<FoundRequest> {
  const { selectOne } = await import('../prompts/prompts.ts');
  const waiting = (await session.api.call('listRequests', {})).filter(
    ({ state }) => state === 'proposed' || state === 'opened',
  );
  if (waiting.length > 0 && planName === undefined) {
    const code = await selectOne('What do you want to restore?', [
      ...waiting.map((request) => ({
        value: request.code,
        name: `${cleanText(request.code, 10)}  ${request.origin === 'space' ? 'Space asks for' : 'prepared:'} ${cleanText(request.planName ?? 'another repository', 60)}, snapshot ${request.snapshotId.slice(0, 8)}`,
      })),
      { value: OTHER, name: 'Something else' },
    ]);
    const request = waiting.find((each) => each.code === code);
    if (request) return { request, isOwn: false };
  }
  const plan = await resolvePlan(session, planName);
  return findRequest(session, await pickSnapshot(session, plan), plan);
}

async function pickSnapshot(session: Session, plan: string): Promise<string> {
  const { selectOne } = await import('../prompts/prompts.ts');
  const all = await session.api.call('listSnapshots', { query: { plan } });
  const snapshots = all.filter(({ state }) => state !== 'missing');
  if (snapshots.length === 0) {
    throw new AppError('not_found', `there is no snapshot of ${cleanText(plan)} yet`, {
      hint: `take one: olares-backup backup ${plan}`,
    });
  }
  const now = session.runtime.now();
  return selectOne(
    'Which snapshot?',
    snapshots.map((snapshot) => ({ value: snapshot.resticId, name: snapshotName(snapshot, now) })),
  );
}

function snapshotName({ resticId, takenAt, bytesTotal, incomplete }: Snapshot, now: number): string {
  const size = bytesTotal === undefined ? '' : `, ${formatBytes(bytesTotal)}`;
  return `${resticId.slice(0, 8)}  ${formatTime(takenAt)} (${formatRelative(takenAt, now)})${size}${incomplete ? ', incomplete' : ''}`;
}

/** Asks where to restore to; `preview` is of the default, a new directory beside the source. */
export async function askTarget(
  session: Session,
  choice: RestoreChoice,
  preview: RestorePreview,
): Promise<RestoreChoice> {
  const { selectOne, askText } = await import('../prompts/prompts.ts');
  const where = await selectOne('Where to?', [
    { value: 'beside', name: `A new directory: ${cleanText(preview.target, 200)}` },
    { value: OTHER, name: 'Another directory' },
    { value: 'in-place', name: 'In place: replace the files where they were' },
  ]);
  if (where === 'beside') return choice;
  if (where === 'in-place') return { ...choice, inPlace: true };
  const typed = (await askText('Directory')).trim();
  if (typed === '') throw new AppError('cancelled', 'no directory was given; nothing was changed');
  return { ...choice, target: resolve(session.runtime.cwd, typed) };
}
