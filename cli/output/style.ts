/** Colours and weights as terminal codes, or nothing at all where they are not wanted. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly link: (text: string) => string;
}

const paint = (enabled: boolean, open: number, close: number) => (text: string) =>
  enabled ? `\u001b[${open}m${text}\u001b[${close}m` : text;

export function createStyle(enabled: boolean): Style {
  return {
    bold: paint(enabled, 1, 22),
    dim: paint(enabled, 2, 22),
    good: paint(enabled, 32, 39),
    warn: paint(enabled, 33, 39),
    bad: paint(enabled, 31, 39),
    link: paint(enabled, 36, 39),
  };
}

export interface ColourWish {
  readonly isTerminal: boolean;
  readonly noColor: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** @see https://no-color.org */
export function wantsColour({ isTerminal, noColor, env }: ColourWish): boolean {
  return isTerminal && !noColor && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}
