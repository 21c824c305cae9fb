import { createConnection } from 'node:net';
import {
  AppError,
  fromErrorBody,
  parser,
  SecretVerdict,
  type SecretChannel,
  type SecretMessage,
} from '../contract/index.ts';

const verdicts = parser(SecretVerdict);
const LONGEST_VERDICT = 64 * 1024;

/**
 * Hands a secret to the helper that waits for it and waits for its verdict, which comes when all is done.
 * @throws AppError the helper's own error, e.g. `wrong_password`; `failed` when the helper went away without one
 */
export async function sendSecret(channel: SecretChannel, message: SecretMessage): Promise<void> {
  const line = await exchangeLine(channel.socketPath, `${JSON.stringify(message)}\n`);
  const verdict = verdicts.parse(toJson(line), 'verdict of the helper');
  if (verdict.ok) return;
  throw fromErrorBody(verdict.error ?? { code: 'failed', message: 'the helper refused without a reason' });
}

function exchangeLine(socketPath: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(socketPath);
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(line));
    socket.on('data', (piece: string) => {
      answer += piece;
      const end = answer.indexOf('\n');
      if (end < 0 && answer.length <= LONGEST_VERDICT) return;
      socket.destroy();
      resolve(answer.slice(0, Math.max(end, 0)));
    });
    socket.on('error', (error) => reject(gone(error)));
    socket.on('end', () => {
      socket.destroy();
      reject(gone(undefined));
    });
  });
}

function gone(cause: unknown): AppError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'EACCES' || code === 'EPERM') {
    return new AppError('refused', 'you may not hand a password to this agent', {
      hint: 'run the same command with `sudo`, or as the user who runs the agent',
      cause,
    });
  }
  return new AppError('failed', 'the helper that takes the password went away', {
    hint: 'try again; `olares-backup doctor` looks for the reason',
    cause,
  });
}

function toJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new AppError('failed', 'the helper that takes the password answered nothing readable', {
      cause: error,
    });
  }
}
