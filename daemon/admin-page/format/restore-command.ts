import { cleanText } from '../../../contract/index.ts';

/** What is chosen on the page. It is part of the command only: nothing of it counts before a person types it. */
export interface PageChoice {
  readonly inPlace?: boolean;
  /** Absolute paths of the snapshot. */
  readonly include?: readonly string[];
}

/** What the person types at the machine. The code is the daemon's; anything else in it would be no code of ours. */
export function restoreCommand(code: string, { inPlace = false, include = [] }: PageChoice = {}): string {
  const words = ['olares-backup', 'restore', cleanText(code).replace(/[^A-Za-z0-9-]/g, '')];
  if (inPlace) words.push('--in-place');
  for (const path of include.filter(canBeTyped)) words.push('--include', shellWord(path));
  return words.join(' ');
}

/** A name with control characters, or with marks that turn the direction, would not be the one that is shown. */
export const canBeTyped = (path: string): boolean =>
  path.startsWith('/') && cleanText(path, path.length + 1) === path;

/** A command line runs what a file's name holds, unless the name is quoted. */
const shellWord = (text: string): string =>
  /^[A-Za-z0-9_/.,:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
