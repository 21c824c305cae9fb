import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { AppError, toErrorBody } from '../contract/errors.ts';
import { SecretMessage, type SecretVerdict } from '../contract/helper-messages.ts';
import { parser } from '../contract/schema.ts';
import { timeLimit } from './time-limit.ts';
import type { Session } from './session.ts';
import { makePrivateDirectory } from './state-files.ts';

const LIMIT_BYTES = 8 * 1024;
const TIMEOUT_MS = 10 * 60_000;
const VERDICT_TIMEOUT_MS = 5_000;

/** The way of a typed secret from the terminal to this process: one connection, one line in, one line out. */
export interface SecretChannel {
  /** @throws AppError `invalid_input`, `refused` after ten minutes, `cancelled` */
  receive(): Promise<SecretMessage>;
  /** Only the first verdict is sent; then the channel is closed. */
  answer(verdict: SecretVerdict): Promise<void>;
  close(): void;
}

export async function openSecretChannel(session: Session, path: string): Promise<SecretChannel> {
  makePrivateDirectory(dirname(path));
  const server = createServer({ allowHalfOpen: true });
  server.maxConnections = 1;
  const mask = process.umask(0o177);
  try {
    await listen(server, path);
    chmodSync(path, 0o600);
  } finally {
    process.umask(mask);
  }
  const first = new Promise<Socket>((resolve) => server.once('connection', resolve));
  let socket: Socket | undefined;
  const close = () => {
    server.close();
    rmSync(path, { force: true });
  };
  return {
    async receive() {
      using limit = timeLimit(TIMEOUT_MS, session.cancel);
      const received = first.then((connected) => {
        socket = connected.on('error', () => connected.destroy());
        // Nobody else may connect, not even after this one is gone.
        close();
        return readLine(connected);
      });
      return parseSecret(await Promise.race([received, aborted(session, limit.signal)]));
    },
    async answer(verdict) {
      close();
      const answered = socket;
      socket = undefined;
      if (answered) await send(answered, verdict);
    },
    close() {
      close();
      socket?.destroy();
    },
  };
}

/**
 * Takes a secret, works with it, and tells the terminal how that ended after the daemon was told.
 * @param work may give its verdict earlier by `accept`
 */
export async function withSecret<T>(
  session: Session,
  path: string,
  work: (secret: SecretMessage, accept: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const channel = await openSecretChannel(session, path);
  session.afterAnswer(async (error) => {
    await channel.answer(error === undefined ? { ok: true } : { ok: false, error: toErrorBody(error) });
    channel.close();
  });
  session.output.ready();
  return work(await channel.receive(), () => channel.answer({ ok: true }));
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(path, resolve);
  });
}

function aborted(session: Session, signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = () => reject(session.cancel.aborted ? session.cancel.reason : noSecret());
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}

const noSecret = () =>
  new AppError('refused', 'no password was typed within ten minutes', {
    hint: 'start again',
    retry: 'after_action',
  });

function readLine(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let line = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      const longer = Buffer.concat([line, chunk]);
      line.fill(0);
      chunk.fill(0);
      line = longer;
      const end = line.indexOf(0x0a);
      if (end >= 0) resolve(line.subarray(0, end));
      else if (line.length > LIMIT_BYTES) reject(invalid());
    });
    socket.once('end', () =>
      reject(new AppError('cancelled', 'the terminal went away before a password was typed')),
    );
    socket.once('close', () =>
      reject(new AppError('cancelled', 'the terminal went away before a password was typed')),
    );
  });
}

function parseSecret(line: Buffer): SecretMessage {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    const message = parser(SecretMessage);
    // The usual error would name the value it found.
    if (message.check(value)) return value;
  } catch {
    // What was typed must not get into an error; the sentence below is all there is to say.
  } finally {
    line.fill(0);
  }
  throw invalid();
}

const invalid = () =>
  new AppError('invalid_input', 'the secret came in a form that cannot be read', { field: 'password' });

function send(socket: Socket, verdict: SecretVerdict): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => socket.destroy(), VERDICT_TIMEOUT_MS);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    if (socket.destroyed) return resolve(clearTimeout(timer));
    socket.end(`${JSON.stringify(verdict)}\n`, () => socket.destroySoon());
  });
}
