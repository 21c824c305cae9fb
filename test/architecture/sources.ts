import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The checkout's root, with no slash at its end. */
export const ROOT = join(import.meta.dirname, '..', '..');

/** One file as the gates see it; `path` is relative to the root, so that planted files need not exist. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** Every file that is or would be committed. */
export function projectFiles(): string[] {
  const options = { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const;
  const listed = execFileSync('git', ['ls-files', '-z', '-co', '--exclude-standard'], options);
  const deleted = new Set(execFileSync('git', ['ls-files', '-z', '-d'], options).split('\0'));
  return listed.split('\0').filter((path) => path !== '' && !deleted.has(path));
}

/** Every TypeScript and JavaScript file of ours. */
export function projectSources(): Source[] {
  return projectFiles()
    .filter((path) => /\.(ts|tsx|mts|mjs|js)$/.test(path))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

/** Tests, and what only tests use: a `testing` folder beside the sources it serves. */
export function isTest(path: string): boolean {
  return path.startsWith('test/') || path.includes('/testing/') || /\.test\.tsx?$/.test(path);
}
