import { spawn, type ChildProcess } from 'node:child_process';
import { AppError } from '../../contract/errors.ts';
import { findProgram } from '../engine/restic-path.ts';
import type { Session } from '../session.ts';
import { sftpError, writePacket, readPacket, text, TYPES, type Packet, type Part } from './sftp-packets.ts';
import { sshFailure, type SshHost } from './ssh.ts';

/** A file of a repository that we read is far smaller. */
const READ_BYTES = 256 * 1024;
const ANSWER_MS = 20_000;
const TAIL_CHARACTERS = 4000;

/** The few calls of SFTP (version 3) that a look at a repository needs. */
export interface SftpClient {
  /** @returns undefined when there is no such file */
  read(path: string): Promise<Buffer | undefined>;
  /** @returns names in the directory; undefined when there is none */
  list(path: string): Promise<string[] | undefined>;
  makeDirectory(path: string): Promise<void>;
  removeDirectory(path: string): Promise<void>;
  close(): void;
}

/**
 * Signs in by the system's ssh and opens its `sftp` subsystem.
 * @throws AppError `unreachable`, `integrity` (host key), `not_signed_in`, `refused`, `engine_missing` without ssh
 */
export async function connectSftp(
  session: Session,
  { host, options }: { host: SshHost; options: readonly string[] },
): Promise<SftpClient> {
  const program = findProgram(session.places, 'ssh');
  if (!program) throw noSsh();
  const child = spawn(program, sshLine(host, options), {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: session.places.path, LC_ALL: 'C' },
  });
  const line = createLine(child, host.host, session.cancel);
  await line.ask(TYPES.init, [3]);
  return clientOf(line);
}

function sshLine({ host, port, user }: SshHost, options: readonly string[]): string[] {
  return [
    ...options,
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(user === undefined ? [] : ['-l', user]),
    '-s',
    '--',
    host,
    'sftp',
  ];
}

const noSsh = () =>
  new AppError('engine_missing', 'ssh is not installed on this machine, which SFTP needs', {
    hint: 'apt install openssh-client',
  });

interface Line {
  ask(type: number, parts: readonly Part[]): Promise<Packet>;
  close(): void;
}

/** One question at a time is enough here, so answers come in order. */
function createLine(child: ChildProcess, host: string, cancel: AbortSignal): Line {
  const waiting: { resolve: (packet: Packet) => void; reject: (error: unknown) => void }[] = [];
  let said = '';
  let pending = Buffer.alloc(0);
  let failure: unknown;
  let number = 0;
  const fail = (error: unknown) => {
    failure ??= error;
    child.kill();
    waiting.splice(0).forEach(({ reject }) => reject(failure));
  };
  const onAbort = () => fail(cancel.reason);
  cancel.addEventListener('abort', onAbort, { once: true });
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-TAIL_CHARACTERS);
  });
  child.stdin?.on('error', () => undefined);
  child.stdout?.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (let found = readPacket(pending); found; found = readPacket(pending)) {
      pending = found.rest;
      waiting.shift()?.resolve(found.packet);
    }
    if (pending.length > 4 * READ_BYTES) fail(sshFailure(host, 'the answer is no SFTP'));
  });
  child.once('error', fail).once('close', () => {
    cancel.removeEventListener('abort', onAbort);
    fail(sshFailure(host, said));
  });
  return {
    async ask(type, parts) {
      if (failure !== undefined) throw failure;
      const timer = setTimeout(() => fail(sshFailure(host, 'timed out')), ANSWER_MS);
      const answer = new Promise<Packet>((resolve, reject) => waiting.push({ resolve, reject }));
      // The first message has no number.
      child.stdin?.write(writePacket(type, type === TYPES.init ? parts : [(number += 1), ...parts]));
      return await answer.finally(() => clearTimeout(timer));
    },
    close: () => child.stdin?.end(),
  };
}

function clientOf(line: Line): SftpClient {
  const handle = async (type: number, parts: readonly Part[]): Promise<Buffer | undefined> => {
    const answer = await line.ask(type, parts);
    if (answer.type === TYPES.handle) return answer.body.subarray(8);
    if (answer.status === 'missing') return undefined;
    throw sftpError(answer);
  };
  const closing = async <T>(open: Buffer, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } finally {
      await line.ask(TYPES.close, [open]);
    }
  };
  const done = async (type: number, parts: readonly Part[]): Promise<void> => {
    const answer = await line.ask(type, parts);
    if (answer.status !== 'ok') throw sftpError(answer);
  };
  return {
    async read(path) {
      const open = await handle(TYPES.open, [path, READ_FLAG, 0]);
      return open && (await closing(open, async () => await readAll(line, open)));
    },
    async list(path) {
      const open = await handle(TYPES.openDirectory, [path]);
      return open && (await closing(open, async () => await listAll(line, open)));
    },
    makeDirectory: async (path) => await done(TYPES.makeDirectory, [path, 0]),
    removeDirectory: async (path) => await done(TYPES.removeDirectory, [path]),
    close: () => line.close(),
  };
}

const READ_FLAG = 1;

async function readAll(line: Line, open: Buffer): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let size = 0; size <= READ_BYTES;) {
    const answer = await line.ask(TYPES.read, [open, 0, size, 32_768]);
    if (answer.status === 'end') return Buffer.concat(chunks);
    if (answer.type !== TYPES.data) throw sftpError(answer);
    chunks.push(answer.body.subarray(8));
    size += answer.body.length - 8;
  }
  throw new AppError('unreachable', 'a file of the repository is far too long', { retry: 'after_action' });
}

async function listAll(line: Line, open: Buffer): Promise<string[]> {
  const names: string[] = [];
  for (;;) {
    const answer = await line.ask(TYPES.readDirectory, [open]);
    if (answer.status === 'end') return names.filter((name) => name !== '.' && name !== '..');
    if (answer.type !== TYPES.names) throw sftpError(answer);
    names.push(...text.names(answer.body));
  }
}
