import { cleanText } from '../../contract/index.ts';
import { formatBytes, formatTime, plural } from '../output/format.ts';
import type { Style } from '../output/style.ts';
import { fitWidth, textWidth } from '../output/text-width.ts';
import {
  markOf,
  pageSize,
  type Chosen,
  type Loaded,
  type Mark,
  type PromptOptions,
  type Row,
  type State,
  type View,
} from './browse-state.ts';

const MARKS: Record<Mark, string> = { chosen: '◉', 'by-parent': '●', partly: '◐', none: '◯' };

export function screen(options: PromptOptions, state: State, loaded: Loaded | undefined): [string, string] {
  const { style, columns } = options;
  const { view, query, chosen } = state;
  const cut = (text: string) => fitWidth(text, columns - 1);
  const count = chosen.size === 0 ? 'nothing chosen yet' : `${chosen.size} chosen`;
  const top = [
    `${style.bold('? Which files and directories?')} ${style.dim(`(${count})`)}`,
    style.link(
      cut(`  ${query === undefined ? placeText(view) : `Search the snapshot for: ${cleanText(query)}_`}`),
    ),
  ];
  return [top.join('\n'), [...bodyLines(options, state, loaded), ...footLines(options, state)].join('\n')];
}

function placeText(view: View): string {
  if ('search' in view) return `found for "${cleanText(view.search, 100)}"`;
  return view.path === undefined ? 'the directories of this snapshot' : cleanText(view.path, 4096);
}

function bodyLines(options: PromptOptions, state: State, loaded: Loaded | undefined): string[] {
  const { style } = options;
  if (!loaded) return [style.dim('  reading the snapshot …')];
  if (loaded.note !== undefined) return [style.warn(`  ${cleanText(loaded.note)}`)];
  if (loaded.rows.length === 0) return [style.dim('  nothing here')];
  const size = pageSize(options);
  const from = Math.max(0, Math.min(state.active - Math.floor(size / 2), loaded.rows.length - size));
  const shown = loaded.rows.slice(from, from + size);
  const left = loaded.rows.length - from - shown.length;
  return [
    ...shown.map((row, index) => rowLine(options, state, { row, isActive: from + index === state.active })),
    style.dim(
      left > 0 || from > 0 ? `    ${plural(loaded.rows.length, 'entry', 'entries')}, ${left} more below` : '',
    ),
  ];
}

function rowLine(
  { style, columns }: PromptOptions,
  { chosen, view }: State,
  { row, isActive }: { row: Row; isActive: boolean },
): string {
  const mark = markOf(chosen, row.path);
  const right = rightOf(row);
  const name = `${cleanText('search' in view ? row.path : row.name, 4096)}${row.type === 'dir' ? '/' : ''}`;
  const room = Math.max(12, columns - 8 - right.length);
  const fitted = fitWidth(name, room);
  const text = `${MARKS[mark]} ${fitted}${' '.repeat(room - textWidth(fitted))}  ${right}`;
  const painted = mark === 'none' ? text : style.good(text);
  return `${isActive ? style.link('❯') : ' '} ${isActive ? style.bold(painted) : painted}`;
}

function rightOf({ type, sizeBytes, modifiedAt }: Row): string {
  const size = type === 'file' && sizeBytes !== undefined ? formatBytes(sizeBytes) : '';
  const time = modifiedAt === undefined ? '' : formatTime(modifiedAt).slice(0, 16);
  return `${size.padStart(10)}  ${time.padEnd(16)}`;
}

function footLines({ style, columns }: PromptOptions, { query, chosen, hint }: State): string[] {
  const keys =
    query !== undefined
      ? 'Enter searches · Esc back to the list'
      : `space chooses · → opens · ← back · / searches · ${chosen.size > 0 ? 'Enter goes on with these' : 'Enter opens'}`;
  return [style.dim(fitWidth(`  ${keys}`, columns - 1)), ...(hint === '' ? [] : [style.warn(`  ${hint}`)])];
}

export function summary(style: Style, chosen: Chosen): string {
  const [first, ...others] = chosen;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  return `${style.bold('Files and directories:')} ${first === undefined ? 'nothing' : cleanText(first, 200)}${more}`;
}
