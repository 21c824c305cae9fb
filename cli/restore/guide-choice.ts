import { resolve } from 'node:path';
import {
  AppError,
  cleanText,
  type RestoreChoice,
  type RestoreConflict,
  type RestorePreview,
  type RestoreRequest,
} from '../../contract/index.ts';
import { plural } from '../output/format.ts';
import type { Session } from '../session.ts';
import { without } from './choice.ts';

/** Asks what of the snapshot is wanted: all, or what a person chooses in its tree. */
export async function askWhat(
  session: Session,
  request: RestoreRequest,
  choice: RestoreChoice,
): Promise<RestoreChoice> {
  const { selectOne } = await import('../prompts/prompts.ts');
  const what = await selectOne('What of it?', [
    { value: 'all', name: 'Everything' },
    { value: 'some', name: 'Files and directories that I choose' },
  ]);
  if (what === 'all') return without(choice, 'include');
  const include =
    request.planId === undefined ? await askPaths() : await browse(session, request, choice.include ?? []);
  return include.length === 0 ? without(choice, 'include') : { ...choice, include: [...include] };
}

async function browse(
  session: Session,
  { snapshotId }: RestoreRequest,
  chosen: readonly string[],
): Promise<readonly string[]> {
  const { browseFiles } = await import('../prompts/browse-files.ts');
  const snapshot = await session.api.call('getSnapshot', { params: { snapshot: snapshotId } });
  return browseFiles({
    roots: snapshot.paths,
    chosen,
    style: session.print.errorStyle,
    list: (path) => session.api.call('listEntries', { params: { snapshot: snapshotId }, query: { path } }),
    find: async (pattern) => {
      const query = { pattern, plan: snapshot.planId, limit: 200, wait: true };
      const { files } = await session.api.call('findFiles', { query });
      return files
        .filter(
          ({ firstSeen, lastSeen }) =>
            firstSeen.takenAt <= snapshot.takenAt && lastSeen.takenAt >= snapshot.takenAt,
        )
        .map((file) => ({ ...file, name: file.path.slice(file.path.lastIndexOf('/') + 1) }));
    },
  });
}

/** The tree of a repository of another machine is not known before the password. */
async function askPaths(): Promise<readonly string[]> {
  const { askText } = await import('../prompts/prompts.ts');
  const paths: string[] = [];
  for (;;) {
    const typed = (
      await askText(`Absolute path in the snapshot (just Enter ends; ${paths.length} so far)`)
    ).trim();
    if (typed === '') return paths;
    if (typed.startsWith('/')) paths.push(typed.replace(/(?<=.)\/+$/, ''));
  }
}

export interface Where {
  readonly request: RestoreRequest;
  readonly choice: RestoreChoice;
  /** Where it goes when nothing is said. */
  readonly beside: string | undefined;
}

/** Asks where to restore to. */
export async function askWhere(session: Session, asking: Where): Promise<RestoreChoice> {
  const { request, choice, beside } = asking;
  const { selectOne, askText } = await import('../prompts/prompts.ts');
  const where = await selectOne('Where to?', [
    {
      value: 'beside',
      name: `A new directory${beside === undefined ? ' beside the old one' : `: ${cleanText(beside, 200)}`}`,
    },
    { value: 'other', name: 'Another directory' },
    { value: 'in-place', name: 'In place: where the files were' },
  ]);
  const rest = without(choice, 'target', 'inPlace', 'conflict', 'deleteExtra');
  if (where === 'beside') return rest;
  if (where === 'in-place') return { ...rest, inPlace: true, ...(await oneSource(session, request, rest)) };
  const typed = (await askText('Directory')).trim();
  if (typed === '') return askWhere(session, asking);
  const home = session.runtime.env['HOME'];
  const path = home !== undefined && /^~(?=\/|$)/.test(typed) ? `${home}${typed.slice(1)}` : typed;
  return { ...rest, target: resolve(session.runtime.cwd, path) };
}

/** Of a plan of several directories one is exchanged at a time, each with an undo of its own. */
async function oneSource(
  { api }: Session,
  { planId, snapshotId }: RestoreRequest,
  { include = [] }: RestoreChoice,
): Promise<Pick<RestoreChoice, 'include'>> {
  if (planId === undefined) return {};
  const { paths } = await api.call('getSnapshot', { params: { snapshot: snapshotId } });
  const within = (root: string) => include.filter((path) => path === root || path.startsWith(`${root}/`));
  const roots = include.length === 0 ? paths : paths.filter((root) => within(root).length > 0);
  if (roots.length < 2) return {};
  const { selectOne } = await import('../prompts/prompts.ts');
  const root = await selectOne(
    'In place they go one after the other. Which one now?',
    roots.map((path) => ({ value: path, name: cleanText(path, 200) })),
  );
  return { include: include.length === 0 ? [root] : within(root) };
}

const RULES: readonly { value: RestoreConflict; name: string; description: string }[] = [
  {
    value: 'replace',
    name: "Replace them by the snapshot's",
    description: 'every file of the snapshot comes back; the old ones are kept for undo',
  },
  {
    value: 'different',
    name: 'Replace only those that differ',
    description: 'files of the same size, time and rights are left alone',
  },
  { value: 'keep', name: 'Leave them alone', description: 'only what is missing is brought' },
  {
    value: 'rename',
    name: "Leave them, and bring the snapshot's beside",
    description: 'those that differ come under a new name: letter (restored 20261120-181200).txt',
  },
];

/** Asks what becomes of files that are at the target already. */
export async function askRule(choice: RestoreChoice): Promise<RestoreChoice> {
  const { selectOne } = await import('../prompts/prompts.ts');
  const conflict = await selectOne('Files that are there already?', RULES);
  return { ...without(choice, 'deleteExtra'), conflict };
}

const WORD = 'DELETE';

/** Asks what becomes of files that only the target has. Before they go, the person has to type a word. */
export async function askExtra(choice: RestoreChoice, preview: RestorePreview): Promise<RestoreChoice> {
  const { selectOne } = await import('../prompts/prompts.ts');
  const there = `${plural(preview.filesExtra, 'file')} there that the snapshot does not have`;
  const what = await selectOne(`${there}?`, [
    { value: 'leave', name: 'Leave them' },
    { value: 'delete', name: 'Delete them (they are kept for undo)' },
  ]);
  return { ...choice, deleteExtra: what === 'delete' };
}

/** @returns whether the very word was typed */
async function confirmDeletion({ filesExtra, target }: RestorePreview): Promise<boolean> {
  const { askText } = await import('../prompts/prompts.ts');
  const typed = await askText(
    `Type ${WORD} to remove ${plural(filesExtra, 'file')} that only ${cleanText(target, 200)} has`,
  );
  return typed.trim() === WORD;
}

/**
 * @returns whether a person typed it, after which nothing less need be asked
 * @throws AppError `refused` when it was not said
 */
export async function requireDeletion(session: Session, preview: RestorePreview): Promise<boolean> {
  if (session.yes || preview.filesExtra === 0) return false;
  if (!session.interactive) {
    throw new AppError('invalid_input', 'deleting what the snapshot does not have needs a yes', {
      field: '--delete-extra',
      hint: 'look at it with --dry-run, then add --yes',
    });
  }
  if (await confirmDeletion(preview)) return true;
  throw new AppError('refused', 'not confirmed; nothing was downloaded or changed');
}
