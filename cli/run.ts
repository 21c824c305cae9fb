import { CommanderError } from 'commander';
import {
  AppError,
  cleanText,
  EXIT_CODES,
  toErrorBody,
  type ErrorBody,
  type ErrorCode,
} from '../contract/index.ts';
import { toJsonText } from './output/json.ts';
import { createProgram } from './program.ts';
import type { Runtime } from './runtime.ts';
import { printerFor } from './session.ts';

/** Runs one command line to its end and answers with the exit code; every error was shown by then. */
export async function runCli(runtime: Runtime): Promise<number> {
  let exitCode = 0;
  let usageText = '';
  const program = createProgram({
    runtime,
    endWith: (code: ErrorCode) => {
      exitCode = EXIT_CODES[code];
    },
    writeError: (text) => {
      usageText += text;
    },
  });
  try {
    await program.parseAsync([...runtime.args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    return showError(runtime, toAppError(error, usageText));
  }
}

function toAppError(error: unknown, usageText: string): AppError {
  if (error instanceof AppError) return error;
  if (!(error instanceof CommanderError)) return ownFault(error);
  // A noun without a verb: its help is the answer.
  if (error.code === 'commander.help') {
    return new AppError('invalid_input', 'a command is missing', { hint: usageText.trim() });
  }
  const [first = '', ...others] = usageText.trim().split('\n');
  const suggestion = others.find((line) => line.startsWith('(Did you mean'))?.slice(1, -1);
  return new AppError('invalid_input', first.replace(/^error: /, ''), {
    hint: suggestion ?? '`olares-backup --help` lists the commands and options',
  });
}

function ownFault(cause: unknown): AppError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new AppError('failed', `olares-backup itself failed: ${message}`, {
    hint: 'set OLARES_BACKUP_DEBUG=1 to see where, and report it',
    cause,
  });
}

function showError(runtime: Runtime, error: AppError): number {
  const body = toErrorBody(error);
  const exitCode = EXIT_CODES[body.code];
  // The options may be what is wrong, so their parser is not asked.
  const json = runtime.args.includes('--json');
  const noColor = runtime.args.includes('--no-color');
  if (json) runtime.stdout.write(`${toJsonText(errorDocument(body, exitCode), 2)}\n`);
  else showForPeople(runtime, { body, noColor });
  if (runtime.env['OLARES_BACKUP_DEBUG']) showCauses(runtime, error);
  return exitCode;
}

function showCauses(runtime: Runtime, error: Error): void {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    runtime.stderr.write(`${cleanText(cause.stack ?? cause.message, 4096).replaceAll('\ufffd', '\n')}\n`);
  }
}

function errorDocument(body: ErrorBody, exitCode: number): object {
  const { code, message, hint, field, retryAfterMs } = body;
  return { error: { code, exitCode, message, hint, field, retryAfterMs } };
}

function showForPeople(runtime: Runtime, { body, noColor }: { body: ErrorBody; noColor: boolean }): void {
  const print = printerFor(runtime, { color: !noColor });
  // A help page says itself what it is.
  const isPage = body.hint?.startsWith('Usage:');
  print.note(`${print.errorStyle.bad('error:')} ${cleanText(body.message, 4096)}`);
  if (body.hint)
    print.note(isPage ? `\n${body.hint}` : `${print.errorStyle.dim('hint:')} ${cleanText(body.hint, 4096)}`);
}
