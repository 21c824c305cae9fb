import {
  AppError,
  cleanText,
  type RestoreChoice,
  type RestorePreview,
  type RestoreRequest,
} from '../../contract/index.ts';
import { formatBytes, plural } from '../output/format.ts';
import { missingRoom, previewLines } from '../output/request-lines.ts';
import { requireConsent } from '../prompts/consent.ts';
import type { Session } from '../session.ts';
import { tell } from './guide.ts';
import { askExtra, askRule, askWhat, askWhere, requireDeletion } from './guide-choice.ts';

export interface Agreeing {
  readonly request: RestoreRequest;
  readonly choice: RestoreChoice;
  /** The person is asked what and where; else only about what cannot be done as it was said. */
  readonly isGuided: boolean;
  /** It was chosen elsewhere or earlier: the person sees it and may change it. */
  readonly isPrepared: boolean;
}

export interface Agreed {
  readonly choice: RestoreChoice;
  readonly preview: RestorePreview;
}

/**
 * Shows what the restore would do until the person wants just that. What cannot be done leads back to the question
 * whose answer was wrong.
 * @throws AppError `cancelled` or `refused` when the person leaves; without a terminal whatever is wrong
 */
export async function agree(session: Session, agreeing: Agreeing): Promise<Agreed> {
  const asks = agreeing.isGuided && !agreeing.isPrepared;
  let turn = asks ? await firstAnswers(session, agreeing) : { ...agreeing, beside: undefined };
  for (;;) {
    const looked = await look(session, turn);
    const answer =
      'fault' in looked ? await askNext(session, turn) : await decide(session, turn, looked.preview);
    if (answer === 'go' && 'preview' in looked) {
      await confirm(session, looked.preview);
      return { choice: turn.choice, preview: looked.preview };
    }
    if (answer !== 'go') turn = { ...turn, choice: answer };
  }
}

interface Turn extends Agreeing {
  /** Where it goes when no target is said. */
  readonly beside: string | undefined;
}

async function firstAnswers(session: Session, agreeing: Agreeing): Promise<Turn> {
  const { request } = agreeing;
  const choice = agreeing.choice.include ? agreeing.choice : await askWhat(session, request, agreeing.choice);
  if (choice.target !== undefined || choice.inPlace) return { ...agreeing, choice, beside: undefined };
  session.print.note('Looking at the snapshot …');
  const looked = await look(session, { ...agreeing, choice });
  const beside = 'preview' in looked ? looked.preview.target : undefined;
  return { ...agreeing, choice: await askWhere(session, { request, choice, beside }), beside };
}

async function look(
  session: Session,
  { request, choice }: Agreeing,
): Promise<{ preview: RestorePreview } | { fault: AppError }> {
  try {
    const params = { request: request.id };
    return { preview: await session.api.call('previewRequest', { params, body: choice }) };
  } catch (error) {
    if (!session.interactive || !(error instanceof AppError)) throw error;
    if (error.code === 'refused' && error.field === 'request') throw error;
    tell(session, error);
    return { fault: error };
  }
}

/** What is still to be asked about a restore that could be done, or whether the person wants it. */
async function decide(session: Session, turn: Turn, preview: RestorePreview): Promise<RestoreChoice | 'go'> {
  const { choice } = turn;
  const isGuided = turn.isGuided || turn.isPrepared;
  const open = isGuided ? await askOpen(choice, preview) : undefined;
  if (open) return open;
  const look = { style: session.print.errorStyle, now: session.runtime.now() };
  ['', ...previewLines(preview, look), ''].forEach((line) => session.print.note(line));
  if (preview.fits) return isGuided ? askGo(session, turn) : 'go';
  const error = noRoom(session, preview);
  if (!session.interactive) throw error;
  tell(session, error);
  return askNext(session, turn);
}

/** Questions that arise only where the target holds something. */
async function askOpen(choice: RestoreChoice, preview: RestorePreview): Promise<RestoreChoice | undefined> {
  const { conflict, filesChanged, filesUnchanged, filesExtra } = preview;
  if (conflict === undefined || filesChanged + filesUnchanged + filesExtra === 0) return undefined;
  if (choice.conflict === undefined) return askRule(choice);
  const mayDelete = (conflict === 'replace' || conflict === 'different') && filesExtra > 0;
  return mayDelete && choice.deleteExtra === undefined ? askExtra(choice, preview) : undefined;
}

async function askGo(session: Session, turn: Turn): Promise<RestoreChoice | 'go'> {
  const { selectOne } = await import('../prompts/prompts.ts');
  const answer = await selectOne('Go on?', [
    { value: 'go', name: 'Yes, restore this' },
    { value: 'other', name: 'No, change something' },
  ]);
  return answer === 'go' ? 'go' : askNext(session, turn);
}

async function askNext(session: Session, { request, choice, beside }: Turn): Promise<RestoreChoice> {
  const { selectOne } = await import('../prompts/prompts.ts');
  const next = await selectOne('What shall be different?', [
    { value: 'where', name: 'Restore it to another place' },
    { value: 'what', name: 'Restore less, or other files' },
    ...(choice.target === undefined && !choice.inPlace
      ? []
      : [{ value: 'rule', name: 'Restore there, beside or over files that are there already' }]),
    { value: 'stop', name: 'Nothing: leave without a restore' },
  ]);
  if (next === 'where') return askWhere(session, { request, choice, beside });
  if (next === 'what') return askWhat(session, request, choice);
  if (next === 'rule') return askRule(choice);
  throw new AppError('cancelled', 'left; nothing was downloaded or changed');
}

function noRoom({ interactive }: Session, preview: RestorePreview): AppError {
  const { target, bytesTotal, filesTotal, freeBytes, freeInodes } = preview;
  // Some file systems have room for any number of files.
  const places = Number.isSafeInteger(freeInodes + 1) ? ` and ${plural(freeInodes, 'file')}` : '';
  const ways = interactive
    ? 'restore to another place, or fewer files'
    : 'choose another --target, or restore a part with --include';
  return new AppError(
    'no_space',
    `${cleanText(target, 4096)} has no room: ${formatBytes(bytesTotal)} in ${plural(filesTotal, 'file')} are to be ` +
      `restored, ${formatBytes(freeBytes)}${places} are free; nothing was changed`,
    { field: '--target', hint: `${missingRoom(preview)}, ${ways}` },
  );
}

async function confirm(session: Session, preview: RestorePreview): Promise<void> {
  const isTyped = preview.deletesExtra === true && (await requireDeletion(session, preview));
  const replaces = preview.conflict === 'replace' || preview.conflict === 'different';
  if (isTyped || (!preview.inPlace && !(replaces && preview.filesChanged > 0))) return;
  await requireConsent(session, {
    message:
      `Replace what is in ${cleanText(preview.target, 4096)}? ${plural(preview.filesChanged, 'file')} there ${preview.filesChanged === 1 ? 'is' : 'are'} different; ` +
      'the old ones are kept for undo.',
    untouched: 'nothing was downloaded or changed',
  });
}
