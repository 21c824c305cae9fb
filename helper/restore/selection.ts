import { basename, join, normalize, relative } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { RestoreChoice } from '../../contract/model/request.ts';
import { cleanText } from '../../contract/text.ts';
import { literalPattern, patternLine } from '../engine/excludes.ts';
import type { Repository } from '../engine/repository.ts';

/** What of a snapshot is restored, and which of its directories become the target. */
export interface Selection {
  /** Paths in the snapshot. */
  readonly include: readonly string[];
  /** One: its content becomes the target. Several: each goes into the target under its own name. */
  readonly roots: readonly string[];
  /** The choice names less than the roots. */
  readonly isPartial: boolean;
}

/**
 * @throws AppError `invalid_input` when an include lies outside of what is restored, `integrity` for a root that is no
 *   plain path: a snapshot names its roots itself, and one of a stranger may name `/../..`
 */
export function select(roots: readonly string[], { include = [] }: RestoreChoice): Selection {
  const odd = roots.find((root) => !root.startsWith('/') || normalize(root) !== root);
  if (odd !== undefined) {
    throw new AppError('integrity', `the snapshot names ${cleanText(odd, 200)}, which is no plain path`);
  }
  const outer = withoutNested(roots);
  const stray = include.find((path) => !outer.some((root) => isInside(path, root)));
  if (stray !== undefined) {
    throw new AppError('invalid_input', `${stray} is not part of ${outer.join(', ')}`, {
      field: 'include',
      hint: 'name what `olares-backup snapshot ls SNAPSHOT` shows',
    });
  }
  const isPartial = include.length > 0 && !outer.every((root) => include.includes(root));
  return { include: isPartial ? withoutNested(include) : outer, roots: outer, isPartial };
}

/** The paths of a snapshot, which name its roots when the request does not. */
export async function snapshotPaths(repository: Repository, snapshotId: string): Promise<readonly string[]> {
  const lines: string[] = [];
  await repository.run({
    args: ['cat', 'snapshot', '--no-lock', '--', snapshotId],
    onText: (line) => lines.push(line),
  });
  const snapshot: unknown = JSON.parse(
    lines.slice(lines.indexOf('{'), lines.lastIndexOf('}') + 1).join('\n') || '{}',
  );
  const paths =
    typeof snapshot === 'object' && snapshot !== null && 'paths' in snapshot ? snapshot.paths : undefined;
  if (Array.isArray(paths) && paths.length > 0 && paths.every((path) => typeof path === 'string'))
    return paths;
  throw new AppError('integrity', `snapshot ${snapshotId.slice(0, 8)} does not say what it holds`);
}

/** Options that make restic restore these paths and nothing else. */
export function includeOptions(paths: readonly string[]): { args: string[]; files: Record<string, string> } {
  if (paths.includes('/')) return { args: [], files: {} };
  // A file of patterns has no limit on its size, but cannot hold a line break.
  const inline = paths.filter((path) => path.includes('\n') || path.includes('\r'));
  const listed = paths.filter((path) => !inline.includes(path));
  return {
    args: inline.map((path) => `--include=${literalPattern(path)}`),
    files:
      listed.length === 0
        ? {}
        : { '--include-file': listed.map((path) => `${patternLine(literalPattern(path))}\n`).join('') },
  };
}

/** A name in the target for each root; equal ones are numbered. */
export function rootNames(roots: readonly string[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const root of roots) {
    const name = basename(root) || 'root';
    const used = new Set(names.values());
    let unique = name;
    for (let number = 2; used.has(unique); number += 1) unique = `${name}-${number}`;
    names.set(root, unique);
  }
  return names;
}

/** Where a path of the snapshot goes, below the target: with several roots, each has a directory of its own. */
export function wayInTarget(roots: readonly string[]): (path: string) => string {
  const names = rootNames(roots);
  return (path) => {
    const root = roots.find((each) => isInside(path, each)) ?? '/';
    return roots.length === 1 ? relative(root, path) : join(names.get(root) ?? '', relative(root, path));
  };
}

function withoutNested(paths: readonly string[]): string[] {
  const unique = [...new Set(paths)];
  return unique.filter((path) => !unique.some((other) => other !== path && isInside(path, other)));
}

export function isInside(path: string, root: string): boolean {
  const way = relative(root, path);
  return way !== '..' && !way.startsWith('../');
}
