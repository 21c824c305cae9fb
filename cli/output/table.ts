import { cleanText } from '../../contract/index.ts';
import { fitWidth, textWidth } from './text-width.ts';

export interface Column<Row> {
  readonly title: string;
  /** Untrusted text is welcome: every cell is cleaned. */
  readonly cell: (row: Row) => string;
  readonly align?: 'left' | 'right';
  /** May be cut to make the table fit. */
  readonly shrinks?: boolean;
  /** Paints the finished cell. */
  readonly paint?: (text: string, row: Row) => string;
}

export interface TableLook {
  /** Cells the terminal has; absent where nothing is to be cut (a pipe, a file). */
  readonly width?: number;
  readonly title: (text: string) => string;
}

const GAP = '  ';
const NARROWEST = 8;

/** One line for the titles and one for each row, in columns. */
export function renderTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  look: TableLook,
): string[] {
  const texts = rows.map((row) => columns.map((column) => cleanText(column.cell(row), 4096)));
  const natural = columns.map((column, index) =>
    Math.max(textWidth(column.title), ...texts.map((cells) => textWidth(cells[index] ?? ''))),
  );
  const widths = look.width === undefined ? natural : fitColumns(natural, columns, look.width);
  const line = (cells: readonly string[], paint: (text: string, index: number) => string) =>
    columns
      .map(({ align }, index) =>
        pad(cells[index] ?? '', { width: widths[index] ?? 0, align, paint: (t) => paint(t, index) }),
      )
      .join(GAP)
      .trimEnd();
  return [
    line(
      columns.map(({ title }) => title),
      (text) => look.title(text),
    ),
    ...rows.map((row, at) =>
      line(texts[at] ?? [], (text, index) => columns[index]?.paint?.(text, row) ?? text),
    ),
  ];
}

/** Takes the missing cells from the columns that may shrink, the widest first. */
function fitColumns(natural: readonly number[], columns: readonly Column<never>[], width: number): number[] {
  const widths = [...natural];
  const total = () => widths.reduce((sum, each) => sum + each, 0) + GAP.length * (widths.length - 1);
  for (let excess = total() - width; excess > 0; excess -= 1) {
    const widest = columns.reduce(
      (best, { shrinks }, index) =>
        shrinks && (widths[index] ?? 0) > Math.max(widths[best] ?? 0, NARROWEST) ? index : best,
      -1,
    );
    if (widest < 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

interface Cell {
  readonly width: number;
  readonly align: 'left' | 'right' | undefined;
  readonly paint: (text: string) => string;
}

function pad(text: string, { width, align, paint }: Cell): string {
  const fitted = fitWidth(text, width);
  const space = ' '.repeat(Math.max(0, width - textWidth(fitted)));
  return align === 'right' ? space + paint(fitted) : paint(fitted) + space;
}

/** `name   value` lines, for one thing with its details; absent values are left out. */
export function renderFields(
  fields: readonly (readonly [string, string | undefined])[],
  paintName: (text: string) => string,
): string[] {
  const shown = fields.filter((field): field is readonly [string, string] => field[1] !== undefined);
  const width = Math.max(0, ...shown.map(([name]) => textWidth(name)));
  return shown.map(
    ([name, value]) => `${paintName(name)}${' '.repeat(width - textWidth(name))}  ${cleanText(value, 4096)}`,
  );
}
