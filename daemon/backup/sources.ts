import { lstat, opendir } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as Type from 'typebox';
import type { Static } from 'typebox';
import { parser } from '../../contract/index.ts';

/** A hung network mount answers nothing; then we know nothing of it and restic will say the rest. */
const LOOK_LIMIT_MS = 10_000;

/** What a path was like when it was last saved. */
export const RememberedSources = Type.Record(
  Type.String(),
  Type.Object({ isMount: Type.Boolean(), hadFiles: Type.Boolean() }),
);
export type RememberedSources = Static<typeof RememberedSources>;
export const rememberedSources = parser(RememberedSources);
/** Name of the fact that holds them. */
export const sourcesKey = (planId: string): string => `backup.sources.${planId}`;

/** unknown: we may not look, or it took too long. */
type Content = 'files' | 'empty' | 'missing' | 'unknown';

interface SourceLook {
  readonly path: string;
  readonly content: Content;
  readonly isMount: boolean;
}

export interface SourceTrouble {
  readonly code: 'source_missing' | 'source_empty';
  readonly path: string;
  /** A sentence. */
  readonly message: string;
}

export interface SourceReport {
  readonly troubles: readonly SourceTrouble[];
  readonly areAllMissing: boolean;
  /** To be remembered once this state has been saved without trouble. */
  readonly remember: RememberedSources;
}

/**
 * A fast look at what is to be saved, before restic reads it: a source whose disk is not mounted or whose files are
 * gone would make a good-looking snapshot of nothing.
 */
export async function lookAtSources(
  paths: readonly string[],
  remembered: RememberedSources,
): Promise<SourceReport> {
  const looks = await Promise.all(paths.map(async (path) => await lookWithin(path)));
  return {
    troubles: looks.flatMap((look) => troubleOf(look, remembered[look.path])),
    areAllMissing: looks.every(({ content }) => content === 'missing'),
    remember: Object.fromEntries(
      looks.map(({ path, content, isMount }) => [
        path,
        {
          isMount: isMount || (remembered[path]?.isMount ?? false),
          hadFiles: content === 'files' || (content !== 'empty' && (remembered[path]?.hadFiles ?? false)),
        },
      ]),
    ),
  };
}

function troubleOf({ path, content, isMount }: SourceLook, before: RememberedSources[string] | undefined) {
  const trouble = (code: SourceTrouble['code'], message: string): SourceTrouble[] => [
    { code, path, message },
  ];
  if (content === 'missing') return trouble('source_missing', `${path} does not exist`);
  if (content === 'unknown') return [];
  if (before?.isMount && !isMount) {
    return trouble('source_missing', `the disk that was mounted at ${path} is not mounted`);
  }
  if (content === 'empty' && before?.hadFiles) {
    return trouble('source_empty', `${path} is empty although it held files at the last snapshot`);
  }
  return [];
}

async function lookWithin(path: string): Promise<SourceLook> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<SourceLook>((resolve) => {
    timer = setTimeout(() => resolve({ path, content: 'unknown', isMount: false }), LOOK_LIMIT_MS);
  });
  try {
    return await Promise.race([look(path), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function look(path: string): Promise<SourceLook> {
  try {
    const [self, parent] = await Promise.all([lstat(path), lstat(dirname(path))]);
    const isMount = self.dev !== parent.dev;
    if (!self.isDirectory()) return { path, content: 'files', isMount };
    return { path, content: await contentOf(path), isMount };
  } catch (error) {
    return { path, content: isGone(error) ? 'missing' : 'unknown', isMount: false };
  }
}

async function contentOf(path: string): Promise<Content> {
  try {
    const directory = await opendir(path);
    try {
      return (await directory.read()) === null ? 'empty' : 'files';
    } finally {
      await directory.close();
    }
  } catch {
    // The helper has the right to read everything, the daemon has not.
    return 'unknown';
  }
}

function isGone(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
