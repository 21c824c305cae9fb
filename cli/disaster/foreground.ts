import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../contract/index.ts';
import type { Session } from '../session.ts';

const PREFIX = 'olares-backup-fg-';
/** A daemon says that it is ready within a second; a machine on its first day may be slow. */
const READY_MS = 30_000;
/** The daemon's own limit comes before. */
const STOP_MS = 80_000;
const LEFTOVER_MS = 60 * 60_000;

/** Whether nothing was ever set up here, so that no agent can be meant. */
export async function hasNoAgent(session: Session): Promise<boolean> {
  try {
    await session.api.call('getStatus');
    return false;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'daemon_not_running') throw error;
    if (!existsSync(join(session.place.stateDir, 'agent.db'))) return true;
    throw new AppError(error.code, error.message, {
      hint: `${error.hint ?? ''}; or restore without it: add --foreground`,
      cause: error,
    });
  }
}

/**
 * Runs the agent itself, in a private directory and for this command only: the same code, the same helpers, the same
 * jail. Nothing of it is left, however the command ends: the agent sees that its starter is gone, and removes it.
 */
export async function inForeground<T>(session: Session, work: (there: Session) => Promise<T>): Promise<T> {
  await sweepLeftovers(session);
  const stateDir = await mkdtemp(join(tmpdir(), PREFIX));
  const agent = startAgent(session, stateDir);
  const release = session.runtime.onInterrupt(() => undefined);
  try {
    await agent.ready;
    return await work(session.at(stateDir));
  } finally {
    await agent.stop();
    release();
    await rm(stateDir, { recursive: true, force: true });
  }
}

interface Agent {
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

function startAgent({ runtime }: Session, stateDir: string): Agent {
  const program = join(runtime.programFolder, 'olares-backupd.mjs');
  const { PATH, HOME, LANG, RESTIC_BIN, TZ } = runtime.env;
  const env = { PATH, HOME, LANG, RESTIC_BIN, TZ };
  // A group of its own: Ctrl-C is a wish to this program, which asks the agent for a clean stop.
  const child = spawn(
    runtime.execPath,
    [program, '--state-dir', stateDir, '--http', 'off', '--log-level', 'warn', '--ephemeral'],
    { env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] },
  );
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.stdin.on('error', () => undefined);
  if (runtime.env['OLARES_BACKUP_DEBUG'])
    child.stdout.on('data', (piece: Buffer) => runtime.stderr.write(piece));
  return {
    ready: readyOf(child),
    async stop() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      if (child.pid !== undefined) await ended;
      clearTimeout(timer);
    },
  };
}

function readyOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const fail = (why: string, cause?: unknown): void =>
      reject(
        new AppError('failed', `the agent could not be started for this command: ${why}`, {
          hint: 'look whether olares-backup was installed whole, or start olares-backupd yourself',
          cause,
        }),
      );
    const timer = setTimeout(() => fail('it does not answer'), READY_MS);
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      if (!piece.includes('"ready":true')) return;
      clearTimeout(timer);
      resolve();
    });
    child.stderr?.setEncoding('utf8').on('data', (piece: string) => (said = (said + piece).slice(-2000)));
    child.once('error', (error) => fail(error.message, error));
    child.once('close', (code) => fail(said.trim() || `it ended with code ${code}`));
  });
}

/** What is left when the power goes in the middle. */
async function sweepLeftovers({ runtime }: Session): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const path of names.filter((name) => name.startsWith(PREFIX)).map((name) => join(tmpdir(), name))) {
    const found = await lstat(path).catch(() => undefined);
    const isOurs = found?.isDirectory() === true && found.uid === runtime.uid;
    if (!isOurs || runtime.now() - found.mtimeMs < LEFTOVER_MS || (await isAlive(path))) continue;
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function isAlive(stateDir: string): Promise<boolean> {
  const { createConnection } = await import('node:net');
  return await new Promise((resolve) => {
    const socket = createConnection(join(stateDir, 'run', 'admin.sock'));
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
