import type { TextStream } from '../runtime.ts';
import { toJsonText } from './json.ts';
import type { Style } from './style.ts';
import { renderFields, renderTable, type Column } from './table.ts';

/** Control and direction characters that no line of ours holds, except styles, which {@link Style} wrote. */
const NEVER =
  /\u001b(?!\[[0-9]{1,2}m)|[\u0000-\u0009\u000b-\u001a\u001c-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

export interface PrinterOptions {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly style: Style;
  readonly errorStyle: Style;
}

/** Results go to stdout, everything about the way there to stderr. */
export interface Printer {
  readonly json: boolean;
  readonly style: Style;
  readonly errorStyle: Style;
  /** The result of the command: `value` for scripts, `lines` for people. */
  result(value: unknown, lines: () => readonly string[]): void;
  /** One of a row of results: JSON on one line each, or lines for people. */
  item(value: unknown, lines: () => readonly string[]): void;
  /** A message about the way to the result; `--quiet` leaves it out. */
  note(text: string): void;
  /** A message that is shown even with `--quiet`. */
  warn(text: string): void;
  table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string[];
  fields(fields: readonly (readonly [string, string | undefined])[]): string[];
}

export function createPrinter(options: PrinterOptions): Printer {
  const { stdout, stderr, style, json } = options;
  const write = (stream: TextStream, text: string) => void stream.write(`${text.replace(NEVER, '\ufffd')}\n`);
  const people = (lines: readonly string[]) => {
    if (lines.length > 0) write(stdout, lines.join('\n'));
  };
  return {
    json,
    style,
    errorStyle: options.errorStyle,
    result: (value, lines) => (json ? void stdout.write(`${toJsonText(value, 2)}\n`) : people(lines())),
    item: (value, lines) => (json ? void stdout.write(`${toJsonText(value)}\n`) : people(lines())),
    note: (text) => {
      if (!options.quiet) write(stderr, text);
    },
    warn: (text) => write(stderr, `${options.errorStyle.warn('warning:')} ${text}`),
    table: (rows, columns) =>
      renderTable(rows, columns, {
        title: style.dim,
        ...(stdout.isTTY && stdout.columns ? { width: stdout.columns } : {}),
      }),
    fields: (fields) => renderFields(fields, style.dim),
  };
}
