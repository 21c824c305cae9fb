import {
  AppError,
  cleanText,
  shellWord,
  type Plan,
  type RestoreRequest,
  type Snapshot,
} from '../../contract/index.ts';
import { formatBytes, formatCount, formatRelative, formatTime } from '../output/format.ts';
import type { Session } from '../session.ts';
import { create, findRequest, isBackupUrl, type FoundRequest } from './find-request.ts';

type Source = { readonly code: string } | { readonly plan: string } | 'url' | 'stop';

/** Leads a person from nothing to a request: one that waits, a snapshot of a plan, or a Backup URL. */
export async function guideToRequest(session: Session, planName: string | undefined): Promise<FoundRequest> {
  for (;;) {
    const source = planName === undefined ? await pickSource(session) : { plan: planName };
    if (source === 'stop') throw new AppError('cancelled', 'nothing was chosen; nothing was changed');
    const found = await follow(session, source);
    if (found) return found;
    if (planName !== undefined)
      throw new AppError('cancelled', 'no snapshot was chosen; nothing was changed');
  }
}

async function follow(session: Session, source: Exclude<Source, 'stop'>): Promise<FoundRequest | undefined> {
  if (source === 'url') return askBackupUrl(session);
  if ('code' in source) return findRequest(session, source.code, undefined);
  const snapshot = await pickSnapshot(session, source.plan);
  return snapshot === undefined ? undefined : create(session, { snapshot, plan: source.plan });
}

async function pickSource(session: Session): Promise<Source> {
  const { selectOne } = await import('../prompts/prompts.ts');
  const [requests, plans] = await Promise.all([
    session.api.call('listRequests', {}),
    session.api.call('listPlans'),
  ]);
  const now = session.runtime.now();
  const waiting = requests.filter(({ state }) => state === 'proposed' || state === 'opened');
  return selectOne<Source>('What do you want to restore?', [
    ...waiting.map((request) => ({ value: { code: request.code }, name: requestName(request, now) })),
    ...plans.map((plan) => ({ value: { plan: plan.name }, name: planLine(plan, now) })),
    { value: 'url' as const, name: 'Something else: paste a Backup URL' },
    { value: 'stop' as const, name: 'Nothing: leave' },
  ]);
}

function requestName({ code, origin, planName, snapshotId, expiresAt }: RestoreRequest, now: number): string {
  const who = origin === 'space' ? 'Space asks for' : 'prepared:';
  const what = cleanText(planName ?? 'another repository', 60);
  return `${cleanText(code, 10)}  ${who} ${what}, snapshot ${snapshotId.slice(0, 8)}, expires ${formatRelative(expiresAt, now)}`;
}

function planLine({ name, paths }: Plan, _now: number): string {
  const [first = '', ...others] = paths;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  return `${cleanText(name, 60)}  (${cleanText(first, 80)}${more})`;
}

async function askBackupUrl(session: Session): Promise<FoundRequest | undefined> {
  const { askText } = await import('../prompts/prompts.ts');
  for (;;) {
    const typed = (await askText('Backup URL (just Enter goes back)')).trim();
    if (typed === '') return undefined;
    try {
      if (isBackupUrl(typed)) return await create(session, { backupUrl: typed });
      session.print.warn(
        'That is no Backup URL: it is a web address, or one long word of letters and digits.',
      );
    } catch (error) {
      tell(session, error);
    }
  }
}

/** Shows a fault that the next answer can mend; others go on. */
export function tell(session: Session, error: unknown): void {
  if (!(error instanceof AppError) || ENDS.has(error.code)) throw error;
  session.print.warn(error.message);
  if (error.hint !== undefined) session.print.note(error.hint);
}

const ENDS: ReadonlySet<string> = new Set(['cancelled', 'daemon_not_running', 'failed', 'engine_missing']);

const BACK = '';

/** @returns undefined to go back */
async function pickSnapshot(session: Session, plan: string): Promise<string | undefined> {
  const { selectOne } = await import('../prompts/prompts.ts');
  const all = await session.api.call('listSnapshots', { query: { plan } });
  const snapshots = all.filter(({ state }) => state !== 'missing');
  if (snapshots.length === 0) {
    session.print.warn(`There is no snapshot of ${cleanText(plan, 100)} yet.`);
    session.print.note(`take one: olares-backup backup ${shellWord(cleanText(plan, 100))}`);
    return undefined;
  }
  const changes = await changesSince(session, snapshots);
  const now = session.runtime.now();
  const picked = await selectOne('Which snapshot?', [
    ...snapshots.map((snapshot) => ({
      value: snapshot.resticId,
      name: snapshotName(snapshot, now),
      description: changes.get(snapshot.resticId) ?? 'what has changed since is not known yet',
    })),
    { value: BACK, name: 'Another plan', description: '' },
  ]);
  return picked === BACK ? undefined : picked;
}

function snapshotName(
  { resticId, takenAt, filesTotal, bytesTotal, incomplete }: Snapshot,
  now: number,
): string {
  const files = filesTotal === undefined ? '' : `, ${formatCount(filesTotal)} files`;
  const size = bytesTotal === undefined ? '' : `, ${formatBytes(bytesTotal)}`;
  return `${resticId.slice(0, 8)}  ${formatTime(takenAt)} (${formatRelative(takenAt, now)})${files}${size}${incomplete ? ', incomplete' : ''}`;
}

/** Snapshots that are compared, and how long a person waits for that. */
const COMPARED = 12;
const COMPARE_MS = 1_500;

/** What the newest snapshot has otherwise, by the index; what is not indexed yet is left out. */
async function changesSince(
  session: Session,
  snapshots: readonly Snapshot[],
): Promise<ReadonlyMap<string, string>> {
  const [newest, ...older] = snapshots;
  const words = new Map<string, string>();
  if (!newest) return words;
  words.set(newest.resticId, 'the newest snapshot');
  const asked = older.slice(0, COMPARED).map(async ({ resticId }) => {
    const query = { a: resticId, b: newest.resticId, limit: 1 };
    const { counts } = await session.api.call('diffSnapshots', { query });
    const { added, removed, changed } = counts;
    const parts = [
      `${formatCount(added)} added`,
      `${formatCount(removed)} deleted`,
      `${formatCount(changed)} changed`,
    ];
    words.set(
      resticId,
      added + removed + changed === 0 ? 'the newest holds the same files' : `since then: ${parts.join(', ')}`,
    );
  });
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, COMPARE_MS)));
  await Promise.race([Promise.allSettled(asked), limit]);
  clearTimeout(timer);
  return words;
}
