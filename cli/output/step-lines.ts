import { cleanText, type DoctorCheck } from '../../contract/index.ts';
import { paintLevel } from './status-lines.ts';
import type { Style } from './style.ts';

const MARKS = { ok: '✓', warning: '▲', error: '✗' } as const;

/** One finding: what was looked at, what came of it, and the way out. */
export function stepLines(style: Style, { name, level, message, hint }: DoctorCheck): string[] {
  return [
    `${paintLevel(level, style)(MARKS[level])} ${style.bold(cleanText(name))}: ${cleanText(message)}`,
    ...(hint === undefined ? [] : [`    ${style.dim('way out:')} ${cleanText(hint, 400)}`]),
  ];
}
