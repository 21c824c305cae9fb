import { createReadStream, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../contract/index.ts';
import type { Session } from '../session.ts';

/** Where a script's password may come from. There is no way to give one as an argument or in the environment. */
export interface PasswordOptions {
  readonly passwordFile?: string;
  readonly passwordStdin?: boolean;
  readonly passwordFd?: string;
  /** Typed before, within this same command; never an argument. */
  readonly typed?: string;
}

const LONGEST_SECRET_BYTES = 16 * 1024;

export function addPasswordOptions(command: Command): Command {
  return command
    .option('--password-file <file>', 'read the password from a file that only you can read')
    .option('--password-stdin', 'read the password from stdin')
    .option('--password-fd <n>', 'read the password from an open file descriptor');
}

/**
 * The password that a flag names, without the line break at its end; nothing when no flag does.
 * @throws AppError `invalid_input` for two flags, a file others can read, or a descriptor that is not open
 */
export async function readPassword(session: Session, options: PasswordOptions): Promise<string | undefined> {
  if (options.typed !== undefined) return options.typed;
  const given = [options.passwordFile, options.passwordStdin, options.passwordFd].filter(Boolean);
  if (given.length > 1) {
    throw new AppError('invalid_input', 'the password is given in more than one way', {
      field: 'password',
      hint: 'give one of --password-file, --password-stdin and --password-fd',
    });
  }
  if (options.passwordFile !== undefined)
    return readSecretFile(session, '--password-file', options.passwordFile);
  if (options.passwordStdin) return readSecretStdin(session, '--password-stdin');
  return options.passwordFd === undefined ? undefined : readDescriptor(options.passwordFd);
}

/** @throws AppError `invalid_input` when there is no such file or others may read it */
export async function readSecretFile(session: Session, flag: string, name: string): Promise<string> {
  const path = resolve(session.runtime.cwd, name);
  const file = await open(path, 'r').catch((error: unknown) => {
    throw unreadable(flag, path, error);
  });
  try {
    requirePrivate(flag, path, await file.stat());
    return await readSecret(file.createReadStream({ autoClose: false }), flag);
  } finally {
    await file.close();
  }
}

/** @throws AppError `invalid_input` when stdin is a terminal, where a secret would be shown as it is typed */
export async function readSecretStdin(session: Session, flag: string): Promise<string> {
  if (session.runtime.stdin.isTTY) {
    throw new AppError('invalid_input', `${flag}: stdin is a terminal, which would show what you type`, {
      field: flag,
      hint: 'leave the flag out to be asked, or feed stdin from a pipe or file',
    });
  }
  return readSecret(session.runtime.stdin, flag);
}

function readDescriptor(text: string): Promise<string> {
  if (!/^\d{1,6}$/.test(text)) {
    throw new AppError('invalid_input', `--password-fd: "${text}" is no file descriptor`, {
      field: '--password-fd',
      hint: 'give the number of an open descriptor, e.g. --password-fd 3 3<file',
    });
  }
  return readSecret(createReadStream('', { fd: Number(text) }), '--password-fd');
}

async function readSecret(stream: NodeJS.ReadableStream, flag: string): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    for await (const piece of stream) {
      pieces.push(Buffer.from(piece));
      size += piece.length;
      if (size > LONGEST_SECRET_BYTES)
        throw new AppError('invalid_input', `${flag}: there is too much to be a secret`);
    }
  } catch (error) {
    throw error instanceof AppError ? error : unreadable(flag, undefined, error);
  }
  return Buffer.concat(pieces)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

function requirePrivate(flag: string, path: string, stats: Stats): void {
  if (!stats.isFile() || (stats.mode & 0o077) === 0) return;
  throw new AppError('invalid_input', `${flag}: ${path} can be read by others`, {
    field: flag,
    hint: `chmod 600 ${path}`,
  });
}

function unreadable(flag: string, path: string | undefined, cause: unknown): AppError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
  const reason = REASONS[code] ?? code;
  return new AppError('invalid_input', `${flag}: ${path === undefined ? '' : `${path}: `}${reason}`, {
    field: flag,
    cause,
  });
}

const REASONS: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'you may not read it',
  EISDIR: 'it is a directory',
  EBADF: 'this descriptor is not open',
};
