/** A line of text; x and y in points from the lower left corner of the page. */
export interface PdfItem {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly font: 'text' | 'bold' | 'mono';
  readonly size: number;
}

export interface PdfSquare {
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

export interface PdfPage {
  readonly items: PdfItem[];
  readonly squares: PdfSquare[];
}

/** Of a letter of Courier, in its size. */
export const MONO_WIDTH = 0.6;

const FONTS = { text: ['F1', 'Helvetica'], bold: ['F2', 'Helvetica-Bold'], mono: ['F3', 'Courier'] } as const;
const A4 = '0 0 595 842';

/**
 * A4 pages of text and black squares: PDF 1.4 (ISO 32000-1, 7.5) with fonts that every reader has, so nothing is
 * embedded. Letters that those lack become a question mark.
 */
export function writePdf(pages: readonly PdfPage[]): Buffer {
  const fonts = Object.values(FONTS).map(
    ([name, base]) =>
      `/${name} << /Type /Font /Subtype /Type1 /BaseFont /${base} /Encoding /WinAnsiEncoding >>`,
  );
  const resources = `/Resources << /Font << ${fonts.join(' ')} >> >>`;
  // Objects 1 and 2 are the catalogue and the list of pages; each page then has two.
  const numberOf = (index: number) => 3 + 2 * index;
  const kids = pages.map((_page, index) => `${numberOf(index)} 0 R`).join(' ');
  return assemble([
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`,
    ...pages.flatMap((page, index) => [
      `<< /Type /Page /Parent 2 0 R /MediaBox [${A4}] /Contents ${numberOf(index) + 1} 0 R ${resources} >>`,
      stream(page),
    ]),
  ]);
}

function stream({ items, squares }: PdfPage): string {
  const text = items.map(
    ({ text, x, y, font, size }) =>
      `BT /${FONTS[font][0]} ${size} Tf ${point(x)} ${point(y)} Td (${literal(text)}) Tj ET`,
  );
  const marks = squares.map(({ x, y, side }) => `${point(x)} ${point(y)} ${point(side)} ${point(side)} re`);
  const content = [...text, ...(marks.length > 0 ? [...marks, 'f'] : [])].join('\n');
  return `<< /Length ${Buffer.byteLength(content, 'latin1')} >>\nstream\n${content}\nendstream`;
}

const point = (value: number): string => value.toFixed(2);

function literal(text: string): string {
  return text.replace(/[^\u0020-\u007e\u00a1-\u00ff]/gu, '?').replace(/[\\()]/g, '\\$&');
}

/** The table at the end names where each object begins, in bytes. */
function assemble(objects: readonly string[]): Buffer {
  let file = '%PDF-1.4\n';
  const offsets: number[] = [];
  for (const [index, object] of objects.entries()) {
    offsets.push(Buffer.byteLength(file, 'latin1'));
    file += `${index + 1} 0 obj\n${object}\nendobj\n`;
  }
  const start = Buffer.byteLength(file, 'latin1');
  const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${rows}`;
  file += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`;
  return Buffer.from(file, 'latin1');
}
