import { encode } from 'uqr';
import { writePdf, type PdfItem } from './pdf.ts';
import type { KitContent } from './kit-content.ts';

const LEFT = 50;
const RIGHT = 545;
const TOP = 790;
const CODE_SIZE = 150;

/** A page to print: facts, words, commands, and the code as a square to scan. */
export function kitPage(content: KitContent): Buffer {
  const { title, written, facts, words, commands, code } = content;
  const items: PdfItem[] = [];
  let y = TOP;
  const line = (text: string, how: { font?: PdfItem['font']; size?: number; gap?: number } = {}): void => {
    const { font = 'text', size = 10, gap = 5 } = how;
    for (const part of wrapped(text, font, size)) {
      items.push({ text: part, x: LEFT, y, font, size });
      y -= size + gap;
    }
  };
  line(title, { font: 'bold', size: 16, gap: 8 });
  line(written, { gap: 12 });
  for (const [label, value] of facts) line(`${label.padEnd(14)} ${value}`, { font: 'mono', size: 7.5 });
  y -= 8;
  line('Recovery words, with one space between them when you type them as a password:', { font: 'bold' });
  for (const [index, word] of words.entries()) line(`${index + 1}  ${word}`, { font: 'mono', size: 13 });
  y -= 4;
  for (const { heading, lines } of commands) {
    line(heading, { font: 'bold' });
    for (const command of lines) line(command, { font: 'mono', size: 8.5 });
    y -= 4;
  }
  if (code === undefined) return writePdf(items, []);
  line('The code, which holds no secret; scan it, or type it from the kit as text:', { font: 'bold' });
  return writePdf(items, squaresOf(code, y + 5));
}

/** Dark modules, each a square; scanners want four modules of white around, which the page has. */
function squaresOf(code: string, top: number) {
  const { data, size } = encode(code, { ecc: 'L', border: 0 });
  const side = CODE_SIZE / size;
  return data.flatMap((row, rowIndex) =>
    row.flatMap((isDark, column) =>
      isDark ? [{ x: LEFT + 12 + column * side, y: top - 12 - (rowIndex + 1) * side, side }] : [],
    ),
  );
}

/** By the widest letters of Helvetica, and exactly for Courier, whose letters are 0.6 of their size. */
function wrapped(text: string, font: PdfItem['font'], size: number): string[] {
  const perLine = Math.floor((RIGHT - LEFT) / (size * (font === 'mono' ? 0.6 : 0.55)));
  const parts: string[] = [];
  let rest = text;
  while (rest.length > perLine) {
    const space = font === 'mono' ? -1 : rest.lastIndexOf(' ', perLine);
    const end = space > 0 ? space : perLine;
    parts.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...parts, rest];
}
