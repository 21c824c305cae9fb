/** A terminal code that {@link createStyle} writes: it takes no room. */
const STYLE_CODE = /\u001b\[[0-9]{1,2}m/g;
const COMBINING = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
/** East Asian wide forms and pictures, which take two cells. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]$/u;

/** Cells that a text takes on a terminal. */
export function textWidth(text: string): number {
  let width = 0;
  for (const letter of text.replace(STYLE_CODE, '')) width += letterWidth(letter);
  return width;
}

function letterWidth(letter: string): number {
  if (letter < '\u0300') return 1;
  if (COMBINING.test(letter)) return 0;
  return WIDE.test(letter) ? 2 : 1;
}

/** The text in at most `width` cells; what does not fit is named by `…`. Codes of style are not expected. */
export function fitWidth(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let fitted = '';
  let used = 0;
  for (const letter of text) {
    used += letterWidth(letter);
    if (used > width - 1) break;
    fitted += letter;
  }
  return `${fitted}…`;
}
