import type { TextStream } from '../runtime.ts';
import { toJsonText } from './json.ts';
import type { Style } from './style.ts';
import { renderFields, renderTable, type Column } from './table.ts';

/** Control and direction characters that no line of ours holds. */
const NEVER = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;
/** The same, except the codes of styles, which {@link Style} writes. */
const NEVER_BUT_STYLE =
  /\u001b(?!\[[0-9]{1,2}m)|[\u0000-\u0009\u000b-\u001a\u001c-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

export interface PrinterOptions {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly style: Style;
  readonly errorStyle: Style;
  /** Whether the two styles write codes; where they do not, none is let through. */
  readonly colours: { readonly stdout: boolean; readonly stderr: boolean };
}

/** Results go to stdout, everything about the way there to stderr. */
export interface Printer {
  readonly json: boolean;
  readonly style: Style;
  readonly errorStyle: Style;
  /** For lines that go to stderr although they look like a result. */
  readonly aside: Pick<Printer, 'style' | 'fields'>;
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
  const { stdout, stderr, style, json, colours, errorStyle } = options;
  const guards = new Map([
    [stdout, colours.stdout ? NEVER_BUT_STYLE : NEVER],
    [stderr, colours.stderr ? NEVER_BUT_STYLE : NEVER],
  ]);
  const write = (stream: TextStream, text: string) =>
    void stream.write(`${text.replace(guards.get(stream) ?? NEVER, '\ufffd')}\n`);
  const people = (lines: readonly string[]) => {
    if (lines.length > 0) write(stdout, lines.join('\n'));
  };
  return {
    json,
    style,
    errorStyle,
    aside: { style: errorStyle, fields: (fields) => renderFields(fields, errorStyle.dim) },
    result: (value, lines) => (json ? void stdout.write(`${toJsonText(value, 2)}\n`) : people(lines())),
    item: (value, lines) => (json ? void stdout.write(`${toJsonText(value)}\n`) : people(lines())),
    note: (text) => {
      if (!options.quiet) write(stderr, text);
    },
    warn: (text) => write(stderr, `${errorStyle.warn('warning:')} ${text}`),
    table: (rows, columns) =>
      renderTable(rows, columns, {
        title: style.dim,
        ...(stdout.isTTY && stdout.columns ? { width: stdout.columns } : {}),
      }),
    fields: (fields) => renderFields(fields, style.dim),
  };
}
