import { resolve } from 'node:path';
import {
  AppError,
  REQUEST_END_STATES,
  type RestoreChoice,
  type RestorePreview,
  type RestoreRequest,
} from '../../contract/index.ts';
import { finishJob } from '../finish-job.ts';
import { formatBytes, plural } from '../output/format.ts';
import { previewLines, requestLines } from '../output/request-lines.ts';
import type { PasswordOptions } from '../password/sources.ts';
import { requireConsent } from '../prompts/consent.ts';
import type { Session } from '../session.ts';
import { findRequest, type FoundRequest } from './find-request.ts';
import { askTarget, guideToRequest } from './guide.ts';
import { requireDate } from './old-snapshot.ts';
import { unlockRestore } from './unlock.ts';
import { endedEarly, watchRestore } from './watch-request.ts';

export interface RestoreOptions extends PasswordOptions {
  readonly plan?: string;
  readonly target?: string;
  readonly inPlace?: boolean;
  readonly include?: string[];
  readonly dryRun?: boolean;
  /** The day of an old snapshot, as a script says that it knows it. */
  readonly acceptDate?: string;
}

/** From a code, snapshot or URL to restored files: look, choose, preview, password, restore, result. */
export async function restore(
  session: Session,
  what: string | undefined,
  options: RestoreOptions,
): Promise<void> {
  const choice = parseChoice(session, options);
  const found = await findOrGuide(session, what, options);
  const { request } = found;
  if (request.jobId !== undefined && !REQUEST_END_STATES.has(request.state)) {
    session.print.note(`This restore has begun; here is how it goes.`);
    return finishJob(session, await watchRestore(session, request));
  }
  if (REQUEST_END_STATES.has(request.state)) throw endedEarly(request);
  let hasBegun = false;
  try {
    hasBegun = await openAndUnlock(session, { request, choice, options, isGuided: what === undefined });
  } finally {
    // A request that only this command made would else block the next one of its plan.
    if (found.isOwn && !hasBegun) await withdraw(session, request);
  }
  if (hasBegun) finishJob(session, await watchRestore(session, request));
}

async function findOrGuide(
  session: Session,
  what: string | undefined,
  options: RestoreOptions,
): Promise<FoundRequest> {
  if (what !== undefined) return findRequest(session, what, options.plan);
  if (session.interactive) return guideToRequest(session, options.plan);
  throw new AppError('invalid_input', 'say what to restore: there is no terminal to ask at', {
    field: 'what',
    hint: 'give a code, a snapshot, a Backup URL, or `latest` with --plan NAME',
  });
}

function parseChoice(session: Session, { target, inPlace, include }: RestoreOptions): RestoreChoice {
  if (target !== undefined && inPlace) {
    throw new AppError('invalid_input', '--target and --in-place exclude each other', { field: '--target' });
  }
  const relative = include?.find((path) => !path.startsWith('/'));
  if (relative !== undefined) {
    throw new AppError('invalid_input', `--include: "${relative}" is not an absolute path`, {
      field: '--include',
      hint: 'name it as `olares-backup snapshot ls SNAPSHOT` shows it, from the first slash on',
    });
  }
  return {
    ...(target === undefined ? {} : { target: resolve(session.runtime.cwd, target) }),
    ...(inPlace ? { inPlace } : {}),
    ...(include === undefined ? {} : { include }),
  };
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
  const status = await api.call('getStatus');
  if (!print.json)
    requestLines(opened, print.aside, status.machine, runtime.now()).forEach((line) => print.note(line));
  let chosen = choice;
  let preview = await api.call('previewRequest', { params, body: chosen });
  if (isGuided && choice.target === undefined && !choice.inPlace) {
    chosen = await askTarget(session, choice, preview);
    if (chosen !== choice) preview = await api.call('previewRequest', { params, body: chosen });
  }
  const look = { style: options.dryRun ? print.style : print.errorStyle, now: runtime.now() };
  if (options.dryRun) {
    print.result(preview, () => [
      ...previewLines(preview, look),
      'Dry run: nothing was downloaded or changed.',
    ]);
    return false;
  }
  previewLines(preview, look).forEach((line) => print.note(line));
  requireRoom(preview);
  if (preview.inPlace) await confirmInPlace(session, preview);
  await requireDate(session, opened, options.acceptDate);
  await unlockRestore(session, { request: opened, choice: chosen, password: options });
  return true;
}

function requireRoom(preview: RestorePreview): void {
  if (preview.fits) return;
  throw new AppError(
    'no_space',
    `${preview.target} has no room: ${formatBytes(preview.bytesTotal)} in ${plural(preview.filesTotal, 'file')} are to be ` +
      `restored, ${formatBytes(preview.freeBytes)} and ${plural(preview.freeInodes, 'file')} are free; nothing was changed`,
    { field: '--target', hint: 'free some space, choose another --target, or restore a part with --include' },
  );
}

function confirmInPlace(session: Session, preview: RestorePreview): Promise<void> {
  return requireConsent(session, {
    message:
      `Replace what is in ${preview.target}? ${plural(preview.filesChanged, 'file')} change there; ` +
      'the old tree is kept for undo.',
    untouched: 'nothing was downloaded or changed',
  });
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
