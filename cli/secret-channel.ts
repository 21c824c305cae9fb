import { createConnection, type Socket } from 'node:net';
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

/** A helper that waits for a secret, connected. */
export interface SecretLine {
  /**
   * Sends the secret and waits for the verdict, which comes when all is done.
   * @throws AppError the helper's own error, e.g. `wrong_password`; `failed` when the helper went away without one
   */
  send(message: SecretMessage): Promise<void>;
  /** Leaves without a secret; the helper ends then. */
  close(): void;
}

/** @throws AppError `failed` when no helper waits there, `refused` when the socket may not be opened */
export async function openSecretLine({ socketPath }: SecretChannel): Promise<SecretLine> {
  const socket = createConnection(socketPath).setEncoding('utf8');
  const answer = readAnswer(socket);
  // It may fail while a person still types; whoever sends hears of it.
  answer.catch(() => undefined);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (error) => reject(gone(error)));
  });
  return {
    async send(message) {
      socket.write(`${JSON.stringify(message)}\n`);
      const verdict = verdicts.parse(toJson(await answer), 'verdict of the helper');
      if (verdict.ok) return;
      throw fromErrorBody(
        verdict.error ?? { code: 'failed', message: 'the helper refused without a reason' },
      );
    },
    close: () => socket.destroy(),
  };
}

/** Hands over a secret that is at hand already; throws as {@link openSecretLine} and its `send` do. */
export async function sendSecret(channel: SecretChannel, message: SecretMessage): Promise<void> {
  const line = await openSecretLine(channel);
  return line.send(message);
}

function readAnswer(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    socket.on('data', (piece: string) => {
      answer += piece;
      const end = answer.indexOf('\n');
      if (end < 0 && answer.length <= LONGEST_VERDICT) return;
      socket.destroy();
      resolve(answer.slice(0, Math.max(end, 0)));
    });
    socket.on('error', (error) => reject(gone(error)));
    socket.on('close', () => reject(gone(undefined)));
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
