import {
  AppError,
  cleanText,
  REQUEST_END_STATES,
  type LookedSnapshot,
  type NewRestoreRequest,
} from '../../contract/index.ts';
import { formatMoment, plural } from '../output/format.ts';
import { parseChoice } from '../restore/choice.ts';
import { restore, type RestoreOptions } from '../restore/restore-flow.ts';
import type { Session } from '../session.ts';
import { hasNoAgent, inForeground } from './foreground.ts';
import { lookInto, lookLines } from './look.ts';
import { namesSnapshot, placeOf, type Place, type PlaceOptions } from './place.ts';
import { signIn, type SignInOptions } from './sign-in.ts';

export interface AnywhereOptions extends RestoreOptions, PlaceOptions, SignInOptions {
  readonly foreground?: boolean;
  /** Of a repository that is named without one; default: the newest. */
  readonly snapshot?: string;
}

/** Restores with the agent of this machine or, where none was ever set up, with one that lives as long as this command. */
export async function restoreAnywhere(
  session: Session,
  what: string | undefined,
  options: AnywhereOptions,
): Promise<void> {
  const isAlone = options.foreground === true || (await hasNoAgent(session));
  if (!isAlone) return restoreFrom(session, what, options);
  if (options.detach) {
    throw new AppError('invalid_input', '--detach needs an agent that goes on with the restore', {
      field: '--detach',
      hint: 'leave it out: no agent runs here, and the one of this command ends with it',
    });
  }
  // What is wrong with the flags is said before a password is asked for.
  parseChoice(session, options);
  session.print.note('No agent runs here; restoring in the foreground. Nothing of it stays on this machine.');
  const source = what ?? (options.kit === undefined ? await askSource(session) : undefined);
  await inForeground(session, async (there) => restoreFrom(there, source, options));
}

async function askSource(session: Session): Promise<string> {
  if (!session.interactive) {
    throw new AppError('invalid_input', 'say what to restore: there is no terminal to ask at', {
      field: 'what',
      hint: 'give a Backup URL, the address of a repository, or --kit FILE',
    });
  }
  const { askText } = await import('../prompts/prompts.ts');
  return await askText('Backup URL, code of a recovery kit, or address of a repository');
}

async function restoreFrom(
  session: Session,
  what: string | undefined,
  options: AnywhereOptions,
): Promise<void> {
  const place = await placeOf(session, what, options);
  if (place?.atSpace) await signIn(session, options);
  if (!place) return restore(session, what, options);
  const isExact = what !== undefined && options.kit === undefined && namesSnapshot(what);
  if (isExact) return restoreUrl(session, { backupUrl: what }, { place, options });
  const { look, password } = await lookInto(session, place.look, options);
  lookLines(look).forEach((line) => session.print.note(cleanText(line, 4096)));
  const snapshot = await choose(session, look.snapshots, options.snapshot);
  return restoreUrl(session, snapshot, { place, options: { ...options, typed: password } });
}

interface Way {
  readonly place: Place;
  readonly options: RestoreOptions;
}

/** The usual restore, of a request that was made with the way to its storage. */
async function restoreUrl(
  session: Session,
  { backupUrl }: Pick<LookedSnapshot, 'backupUrl'>,
  { place, options }: Way,
): Promise<void> {
  const { location } = place.look;
  const body: NewRestoreRequest = { backupUrl, ...(location && { location }) };
  const { id, code } = await session.api.call('createRequest', { body });
  try {
    await restore(session, code, options);
  } finally {
    await withdraw(session, id);
  }
}

/** One that was not begun would wait for a day. */
async function withdraw(session: Session, id: string): Promise<void> {
  const params = { request: id };
  const request = await session.api.call('getRequest', { params }).catch(() => undefined);
  if (!request || request.jobId !== undefined || REQUEST_END_STATES.has(request.state)) return;
  const reason = 'not restored by the person at the machine';
  // It ends by itself when it expires; what went wrong before is what the person must read.
  await session.api.call('declineRequest', { params, body: { reason } }).catch(() => undefined);
}

async function choose(
  session: Session,
  snapshots: readonly LookedSnapshot[],
  wanted: string | undefined,
): Promise<LookedSnapshot> {
  const [newest] = snapshots;
  if (!newest) throw new AppError('not_found', 'the repository holds no snapshot');
  if (wanted !== undefined && wanted !== 'latest') return byId(snapshots, wanted.toLowerCase());
  if (wanted === 'latest' || !session.interactive || session.yes || snapshots.length === 1) return newest;
  const { selectOne } = await import('../prompts/prompts.ts');
  const now = session.runtime.now();
  return await selectOne(
    'Which snapshot?',
    snapshots.map((snapshot) => ({ value: snapshot, name: nameOf(snapshot, now) })),
  );
}

function byId(snapshots: readonly LookedSnapshot[], wanted: string): LookedSnapshot {
  const [found, second] = snapshots.filter(({ resticId }) => resticId.startsWith(wanted));
  if (found && !second) return found;
  throw new AppError(
    found ? 'invalid_input' : 'not_found',
    `--snapshot: "${cleanText(wanted, 64)}" names ${found ? 'more than one snapshot' : 'no snapshot of this repository'}`,
    {
      field: '--snapshot',
      hint: `the newest is ${snapshots[0]?.resticId.slice(0, 8) ?? 'none'}`,
    },
  );
}

function nameOf({ resticId, takenAt, filesTotal, paths }: LookedSnapshot, now: number): string {
  const files = filesTotal === undefined ? '' : `, ${plural(filesTotal, 'file')}`;
  return `${resticId.slice(0, 8)}  ${formatMoment(takenAt, now)}${files}  ${cleanText(paths.join(' '), 60)}`;
}
