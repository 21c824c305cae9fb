import { createPrinter, type Printer } from '../output/printer.ts';
import { createStyle } from '../output/style.ts';

/** Collects what would be written. */
export class Screen {
  text = '';
  isTTY = false;
  columns = 80;
  write(piece: string): boolean {
    this.text += piece;
    return true;
  }
}

/** A printer whose output can be read. */
export function printer(options: { isTTY?: boolean; colour?: boolean } = {}): {
  print: Printer;
  screen: Screen;
} {
  const screen = new Screen();
  screen.isTTY = options.isTTY ?? false;
  const stream = screen as unknown as NodeJS.WriteStream;
  const colour = options.colour ?? false;
  const style = createStyle(colour);
  return {
    screen,
    print: createPrinter({
      stdout: stream,
      stderr: stream,
      json: false,
      quiet: false,
      style,
      errorStyle: style,
      colours: { stdout: colour, stderr: colour },
    }),
  };
}
