import { accessSync, constants, statSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { AppError } from '../../contract/index.ts';

export interface SourcePaths {
  /** Absolute, without `..` and a slash at the end, each once. */
  readonly paths: readonly string[];
  /** What may be right but looks wrong, in words. */
  readonly warnings: readonly string[];
}

/**
 * The directories and files that a plan is to save, checked as far as this user can see them.
 * @throws AppError `invalid_input` naming a path that does not exist
 */
export function parseSourcePaths(texts: readonly string[], cwd: string): SourcePaths {
  const paths = [...new Set(texts.map((text) => sourcePath(text, cwd)))];
  const warnings = paths.flatMap((path) => [...unreadable(path), ...inside(path, paths)]);
  return { paths, warnings };
}

function sourcePath(text: string, cwd: string): string {
  if (text === '') throw new AppError('invalid_input', '--path is empty', { field: '--path' });
  const path = resolve(cwd, text);
  try {
    statSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // The agent may see more than this user does.
    if (code === 'EACCES') return path;
    const reason =
      code === 'ENOENT' || code === 'ENOTDIR' ? 'there is no such file or directory' : String(code);
    throw new AppError('invalid_input', `--path: ${path}: ${reason}`, {
      field: '--path',
      hint: 'check its spelling; a relative path begins at the current directory',
      cause: error,
    });
  }
  return path;
}

function unreadable(path: string): string[] {
  try {
    accessSync(path, constants.R_OK);
    return [];
  } catch {
    // Not an error: the agent may run as somebody who can.
    return [`${path} is not readable for you; the agent will say whether it can read it`];
  }
}

function inside(path: string, others: readonly string[]): string[] {
  const outer = others.find((other) => other !== path && path.startsWith(other === '/' ? '/' : other + sep));
  return outer === undefined ? [] : [`${path} is inside ${outer} and saved with it anyway`];
}
