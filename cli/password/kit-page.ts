import { encode } from 'uqr';
import { MONO_WIDTH, writePdf, type PdfItem, type PdfPage } from './pdf.ts';
import type { KitContent } from './kit-content.ts';

const LEFT = 50;
const RIGHT = 545;
const TOP = 790;
const BOTTOM = 50;
const FACT_SIZE = 7.5;
const FACT_LABEL = 15;
/** Of the code: small ones stay handy, and a printed module is not smaller than phones can tell apart. */
const CODE_SIZE = { least: 150, most: 260, module: 2 };
const CODE_HEADING = 30;
/** Bytes that the largest square holds; a longer code is on the page as text. */
const LONGEST_CODE = 2_953;
const NOTE =
  'Letters that this page cannot show are written as \\u and their number; bash and zsh read them so.';

/** Pages to print: facts, words, commands, and the code as a square to scan. */
export function kitPage(content: KitContent): Buffer {
  const { title, written, facts, words, commands, code } = content;
  const sheet = new Sheet();
  sheet.line(title.normalize('NFC'), { font: 'bold', size: 16, after: 6 });
  sheet.line(written, { after: 8 });
  for (const [label, value] of facts) sheet.fact(label, value);
  sheet.gap(10);
  sheet.line('Recovery words, with one space between them when you type them as a password:', {
    font: 'bold',
    after: 2,
  });
  for (const [index, word] of words.entries())
    sheet.line(`${index + 1}  ${word}`, { font: 'mono', size: 13, after: 3 });
  sheet.gap(6);
  for (const { heading, lines } of commands) {
    sheet.line(heading, { font: 'bold', after: 2 });
    for (const command of lines)
      sheet.line(typable(command), { font: 'mono', size: 8.5, after: 3, indent: 2 });
    sheet.gap(6);
  }
  const all = [title, ...facts.flat(), ...commands.flatMap(({ lines }) => lines)].join('');
  if (LACKING.test(all)) sheet.line(NOTE, { size: 8.5, after: 8 });
  if (code !== undefined) sheet.code(code);
  return writePdf(sheet.pages.map(numbered));
}

/** Letters that the fonts of every reader lack. */
const LACKING = /[^\u0020-\u007e\u00a1-\u00ff]/u;
const ALL_LACKING = new RegExp(LACKING.source, 'gu');

function shown(text: string): string {
  return text.replace(ALL_LACKING, (letter) => {
    const number = (letter.codePointAt(0) ?? 0).toString(16);
    return number.length > 4 ? `\\U${number.padStart(8, '0')}` : `\\u${number.padStart(4, '0')}`;
  });
}

/** A quoted word with letters that cannot be shown, so that a shell makes the same word of what is on the page. */
function typable(command: string): string {
  return command.replace(/'(?:[^']|'\\'')*'/g, (quoted) => {
    if (!LACKING.test(quoted)) return quoted;
    const word = quoted.slice(1, -1).replaceAll("'\\''", "'");
    return `$'${word.replace(/[\\']/g, '\\$&')}'`;
  });
}

interface Look {
  readonly font?: PdfItem['font'];
  readonly size?: number;
  /** Below its last line. */
  readonly after?: number;
  /** Of what does not fit in the first line, in letters. */
  readonly indent?: number;
}

/** Fills pages from the top. */
class Sheet {
  readonly pages: PdfPage[] = [{ items: [], squares: [] }];
  #y = TOP;

  line(text: string, { font = 'text', size = 10, after = 5, indent = 0 }: Look = {}): void {
    const step = indent * size * MONO_WIDTH;
    const parts = wrapped(shown(text), { font, size, width: RIGHT - LEFT - step });
    for (const [index, part] of parts.entries())
      this.#put(part, LEFT + (index > 0 ? step : 0), { font, size });
    this.gap(after);
  }

  fact(label: string, value: string): void {
    const look = { font: 'mono', size: FACT_SIZE } as const;
    const x = LEFT + FACT_LABEL * FACT_SIZE * MONO_WIDTH;
    for (const [index, part] of wrapped(shown(value), { ...look, width: RIGHT - x }).entries()) {
      this.#put(part, x, look);
      if (index === 0) this.#page.items.push({ text: label, x: LEFT, y: this.#y, ...look });
    }
    this.gap(3);
  }

  gap(points: number): void {
    this.#y -= points;
  }

  /** Dark modules, each a square; scanners want four modules of white around. */
  code(code: string): void {
    if (code.length > LONGEST_CODE) {
      this.line('The code, which holds no secret, too long for a square:', { font: 'bold' });
      return this.line(code, { font: 'mono', size: FACT_SIZE });
    }
    const { data, size } = encode(code, { ecc: 'L', border: 0 });
    const whole = Math.min(CODE_SIZE.most, Math.max(CODE_SIZE.least, size * CODE_SIZE.module));
    const side = whole / size;
    if (this.#y - CODE_HEADING - whole < BOTTOM) this.#turn();
    this.line('The code, which holds no secret; scan it, or type it from the kit as text:', { font: 'bold' });
    const top = this.#y - 4 * side;
    for (const [row, modules] of data.entries())
      for (const [column, isDark] of modules.entries())
        if (isDark)
          this.#page.squares.push({ x: LEFT + 12 + column * side, y: top - (row + 1) * side, side });
  }

  #put(text: string, x: number, { font, size }: Required<Pick<Look, 'font' | 'size'>>): void {
    if (this.#y - size * 1.3 < BOTTOM) this.#turn();
    this.#y -= size * 1.3;
    this.#page.items.push({ text, x, y: this.#y, font, size });
  }

  #turn(): void {
    this.pages.push({ items: [], squares: [] });
    this.#y = TOP;
  }

  get #page(): PdfPage {
    return this.pages.at(-1) ?? { items: [], squares: [] };
  }
}

function numbered(page: PdfPage, index: number, { length }: readonly PdfPage[]): PdfPage {
  if (length === 1) return page;
  const number = { text: `${index + 1} / ${length}`, x: RIGHT - 20, y: 30, font: 'text', size: 8.5 } as const;
  return { ...page, items: [...page.items, number] };
}

interface Room {
  readonly font: PdfItem['font'];
  readonly size: number;
  /** Points. */
  readonly width: number;
}

/** At spaces; a word that is longer than a line wherever it has to be. By a middling width of Helvetica's letters. */
function wrapped(text: string, { font, size, width }: Room): string[] {
  const perLine = Math.floor(width / (size * (font === 'mono' ? MONO_WIDTH : font === 'bold' ? 0.56 : 0.52)));
  const parts: string[] = [];
  let rest = text.trimEnd();
  while (rest.length > perLine) {
    const space = rest.lastIndexOf(' ', perLine);
    const end = space > perLine / 2 ? space : perLine;
    parts.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...parts, rest];
}
