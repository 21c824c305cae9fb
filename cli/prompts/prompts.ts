import { closeSync, openSync, writeFileSync } from 'node:fs';
import { ReadStream, WriteStream } from 'node:tty';
import { confirm, input, password, select } from '@inquirer/prompts';
import { AppError } from '../../contract/index.ts';

export interface Choice<T> {
  readonly value: T;
  readonly name: string;
  readonly description?: string;
}

/** Who has never typed a password at a terminal takes it for broken. */
const UNSEEN = { style: { help: () => '(it does not show while you type)' } };

/** Asks for a text that does not show while it is typed. */
export function askHidden(message: string): Promise<string> {
  return atTerminal(async (context) => {
    const typed = await password({ message, mask: false, theme: UNSEEN }, context);
    // A terminal that brackets what is pasted wraps it in these marks.
    return typed.replace(/\u001b?\[20[01]~/g, '');
  });
}

export function askText(message: string): Promise<string> {
  return atTerminal((context) => input({ message }, context));
}

/** A yes-or-no question; just Enter means no, unless yes is the safe answer. */
export function askConfirm(message: string, byEnter = false): Promise<boolean> {
  return atTerminal((context) => confirm({ message, default: byEnter }, context));
}

export function selectOne<T>(message: string, choices: readonly Choice<T>[]): Promise<T> {
  return atTerminal((context) => select({ message, choices: [...choices], pageSize: 12 }, context));
}

/** Shows lines on a screen of their own, which leaves nothing behind, until Enter is pressed. */
export function showSecretScreen(lines: readonly string[], message: string): Promise<void> {
  return atTerminal(async (context) => {
    // Not by the context's output: a question ends it.
    writeFileSync('/dev/tty', `\u001b[?1049h\u001b[H\u001b[2J${lines.join('\r\n')}\r\n\r\n`);
    try {
      await input({ message }, context);
    } finally {
      writeFileSync('/dev/tty', '\u001b[?1049l');
    }
  });
}

const CTRL_C = 3;

/**
 * Work between two questions: what is typed meanwhile is neither shown nor kept, since it may be a password typed ahead.
 * @throws AppError `cancelled` at Ctrl-C
 */
export async function unheard<T>(work: Promise<T>): Promise<T> {
  const terminal = openTerminal();
  terminal.input.setRawMode(true);
  const stopped = new Promise<never>((_resolve, reject) => {
    terminal.input.on('data', (typed: Buffer) => {
      if (typed.includes(CTRL_C)) reject(new AppError('cancelled', 'stopped while the password was checked'));
    });
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    terminal.input.setRawMode(false);
    terminal.input.destroy();
    terminal.output.destroy();
  }
}

interface TerminalContext {
  readonly input: ReadStream;
  readonly output: WriteStream;
}

/** Every question goes to the terminal itself, whatever stdin and stdout are. */
export async function atTerminal<T>(ask: (context: TerminalContext) => Promise<T>): Promise<T> {
  const terminal = openTerminal();
  try {
    return await ask(terminal);
  } catch (error) {
    if (error instanceof Error && error.name === 'ExitPromptError') {
      throw new AppError('cancelled', 'stopped at the question; nothing was changed', { cause: error });
    }
    throw error;
  } finally {
    terminal.input.destroy();
    terminal.output.destroy();
  }
}

function openTerminal(): TerminalContext {
  let inputFd: number | undefined;
  try {
    inputFd = openSync('/dev/tty', 'r+');
    return { input: new ReadStream(inputFd), output: new WriteStream(openSync('/dev/tty', 'w')) };
  } catch (error) {
    if (inputFd !== undefined) closeSync(inputFd);
    throw new AppError('invalid_input', 'there is no terminal to ask at', {
      hint: 'give the answer by a flag, see --help',
      cause: error,
    });
  }
}
