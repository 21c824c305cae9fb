import { AppError } from '../../contract/errors.ts';

/**
 * The lines of an exclude file of restic. restic trims them, takes `#` for a comment and replaces `$NAME`; patterns of
 * people mean what they say, so these characters are written as patterns for themselves.
 * @param stateDir always left out: it changes while it is read, and holds the machine key
 * @throws AppError `invalid_input` for a pattern with a line break
 */
export function excludeFile(patterns: readonly string[], stateDir: string): string {
  return [...patterns.map(patternLine), patternLine(literalPattern(stateDir))]
    .map((line) => `${line}\n`)
    .join('');
}

/** A pattern of restic that matches this path only. */
export function literalPattern(path: string): string {
  return path.replace(/[*?[\]\\]/g, '\\$&');
}

/** One line of such a file. */
export function patternLine(pattern: string): string {
  if (/[\n\r\0]/.test(pattern)) {
    throw new AppError('invalid_input', `the exclude pattern ${JSON.stringify(pattern)} has a line break`, {
      field: 'exclude',
      hint: 'use ? in its place, which stands for any one character',
    });
  }
  return pattern
    .replace(/^[\s#]/, '[$&]')
    .replace(/\s$/, '[$&]')
    .replace(/\$/g, '$$$$');
}
