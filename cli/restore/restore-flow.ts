import {
  AppError,
  REQUEST_END_STATES,
  type RestoreChoice,
  type RestoreRequest,
} from '../../contract/index.ts';
import { finishJob } from '../finish-job.ts';
import { askedLines, previewLines } from '../output/request-lines.ts';
import type { Session } from '../session.ts';
import { agree } from './agree.ts';
import { parseChoice, withEarlier, type RestoreOptions } from './choice.ts';
import { create, findRequest, type FoundRequest } from './find-request.ts';
import { guideToRequest, tell } from './guide.ts';
import { requireDate } from './old-snapshot.ts';
import { takeSnapshotFirst } from './snapshot-first.ts';
import { unlockRestore } from './unlock.ts';
import { endedEarly, jobOf, watchRestore } from './watch-request.ts';

export type { RestoreOptions } from './choice.ts';

/** From a code, snapshot or URL to restored files: look, choose, preview, password, restore, result. */
export async function restore(
  session: Session,
  what: string | undefined,
  options: RestoreOptions,
): Promise<void> {
  const said = parseChoice(session, options);
  const found = await findOrGuide(session, what, options);
  const { request } = found;
  if (request.jobId !== undefined && !REQUEST_END_STATES.has(request.state)) {
    session.print.note(`This restore has begun; here is how it goes.`);
    return finishJob(session, await watchRestore(session, request));
  }
  let hasBegun = false;
  try {
    const choice = withEarlier(session, request, said);
    hasBegun = await openAndUnlock(session, { request, choice, options, isGuided: what === undefined });
  } finally {
    // A request that only this command made would else block the next one of its plan.
    if (found.isOwn && !hasBegun) await withdraw(session, request);
  }
  if (hasBegun) await seeThrough(session, request, options);
}

async function findOrGuide(
  session: Session,
  what: string | undefined,
  options: RestoreOptions,
): Promise<FoundRequest> {
  if (what === undefined) {
    if (session.interactive) return guideToRequest(session, options.plan);
    throw new AppError('invalid_input', 'say what to restore: there is no terminal to ask at', {
      field: 'what',
      hint: 'give a code, a snapshot, a Backup URL, or `latest` with --plan NAME',
    });
  }
  const found = await findOrNothing(session, what, options);
  if (!found) return guideToRequest(session, options.plan);
  return isOver(session, found.request) ? insteadOf(session, found.request) : found;
}

/** A code that never was, or is no longer known: a person is led to what can be restored. */
async function findOrNothing(
  session: Session,
  what: string,
  { plan }: RestoreOptions,
): Promise<FoundRequest | undefined> {
  try {
    return await findRequest(session, what, plan);
  } catch (error) {
    if (!session.interactive || !(error instanceof AppError) || error.code !== 'refused') throw error;
    tell(session, error);
    return undefined;
  }
}

/** Its time may be over a moment before the daemon ends it. */
function isOver({ runtime }: Session, { state, expiresAt }: RestoreRequest): boolean {
  return REQUEST_END_STATES.has(state) || (MAY_EXPIRE.has(state) && expiresAt <= runtime.now());
}

const MAY_EXPIRE: ReadonlySet<string> = new Set(['proposed', 'opened']);

/** A request that has ended cannot be answered, but a person may want the same snapshot all the same. */
async function insteadOf(session: Session, request: RestoreRequest): Promise<FoundRequest> {
  const ended = endedEarly(
    REQUEST_END_STATES.has(request.state) ? request : { ...request, state: 'expired' },
  );
  if (!session.interactive || request.planId === undefined) throw ended;
  session.print.warn(ended.message);
  const { selectOne } = await import('../prompts/prompts.ts');
  const next = await selectOne('How to go on?', [
    { value: 'again', name: `Restore its snapshot ${request.snapshotId.slice(0, 8)} all the same` },
    { value: 'guide', name: 'Choose something else' },
    { value: 'stop', name: 'Leave without a restore' },
  ]);
  if (next === 'stop') throw ended;
  return next === 'again'
    ? create(session, { snapshot: request.snapshotId })
    : guideToRequest(session, undefined);
}

interface Opening {
  readonly request: RestoreRequest;
  readonly choice: RestoreChoice;
  readonly options: RestoreOptions;
  readonly isGuided: boolean;
}

/** @returns whether the restore began; a dry run ends before */
async function openAndUnlock(
  session: Session,
  { request, choice, options, isGuided }: Opening,
): Promise<boolean> {
  const { api, print, runtime } = session;
  const params = { request: request.id };
  const opened = await api.call('openRequest', { params });
  // The guide has just shown all of it, unless it is another's wish.
  if (!isGuided) await showAsked(session, opened, []);
  else if (opened.origin !== 'user') await showAsked(session, opened, ['']);
  if (options.dryRun && !isGuided) {
    const preview = await api.call('previewRequest', { params, body: choice });
    print.result(preview, () => [
      ...previewLines(preview, { style: print.style, now: runtime.now() }),
      'Dry run: nothing was downloaded or changed.',
    ]);
    return false;
  }
  const agreed = await agree(session, {
    request: opened,
    choice,
    isGuided,
    isPrepared: opened.choice !== undefined && session.interactive && !session.yes,
  });
  if (options.dryRun) {
    print.result(agreed.preview, () => ['Dry run: nothing was downloaded or changed.']);
    return false;
  }
  await requireDate(session, opened, options.acceptDate);
  await takeSnapshotFirst(session, {
    request: opened,
    preview: agreed.preview,
    isWanted: options.snapshotFirst === true,
  });
  await unlockRestore(session, { request: opened, choice: agreed.choice, password: options });
  return true;
}

async function showAsked(
  { api, print, runtime }: Session,
  request: RestoreRequest,
  after: readonly string[],
): Promise<void> {
  if (print.json) return;
  const { machine } = await api.call('getStatus');
  const look = { print: print.aside, now: runtime.now() };
  ['', ...askedLines(request, machine, look), ...after].forEach((line) => print.note(line));
}

/** The restore is the agent's now: a person may watch it, or leave it alone. */
async function seeThrough(
  session: Session,
  request: RestoreRequest,
  { detach }: RestoreOptions,
): Promise<void> {
  const jobId = await jobOf(session, request);
  if (detach) {
    const job = await session.api.call('getJob', { params: { job: jobId } });
    session.print.result(job, () => [
      `The restore ${request.code} goes on by itself: olares-backup job watch ${jobId}`,
    ]);
    return;
  }
  if (session.interactive) {
    const goesOn = `It goes on when this window is closed; \`olares-backup job watch ${jobId.slice(0, 8)}\` joins it again.`;
    const isAlone = 'Keep this window open until it is done. Ctrl-C stops it cleanly and leaves nothing.';
    ['', session.ephemeral ? isAlone : goesOn].forEach((line) => session.print.note(line));
  }
  const job = await watchRestore(session, request);
  if (session.interactive) session.print.note('');
  finishJob(session, job);
}

async function withdraw(session: Session, request: RestoreRequest): Promise<void> {
  await session.api
    .call('declineRequest', {
      params: { request: request.id },
      body: { reason: 'not restored by the person at the machine' },
    })
    // It ends by itself when it expires; what went wrong before is what the person must read.
    .catch(() => undefined);
}
