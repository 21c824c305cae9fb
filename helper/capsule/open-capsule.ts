import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { timeLimit } from '../time-limit.ts';
import { failureOf, RESTIC_EXIT } from '../engine/exit-codes.ts';
import { runRestic, type Wrapper } from '../engine/restic.ts';
import type { Session } from '../session.ts';
import { makePrivateDirectory } from '../state-files.ts';
import { readKeyFile } from './key-file.ts';
import { offlineJail } from './offline-jail.ts';

/** One key of a repository with what restic needs to try it. */
export interface CapsuleKey {
  readonly config: Buffer;
  readonly id: string;
  readonly content: Buffer;
}

const TIMEOUT_MS = 30_000;
const FOLDERS = ['data', 'index', 'keys', 'locks', 'snapshots'];

/**
 * Does the password open this key? Offline: restic gets a repository that consists of the key and the config only.
 * @throws AppError `integrity` when the capsule is damaged, never when only the password is wrong
 */
export async function opensKey(session: Session, key: CapsuleKey, password: Buffer): Promise<boolean> {
  readKeyFile(key.id, key.content);
  const directory = mkdtempSync(join(makePrivateDirectory(join(session.stateDir, 'run')), 'capsule-'));
  try {
    for (const folder of FOLDERS) mkdirSync(join(directory, folder), { mode: 0o700 });
    writeFileSync(join(directory, 'config'), key.config, { mode: 0o600 });
    writeFileSync(join(directory, 'keys', key.id), key.content, { mode: 0o600 });
    return await tryPassword({ session, directory, password });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Try {
  readonly session: Session;
  readonly directory: string;
  readonly password: Buffer;
}

async function tryPassword({ session, directory, password }: Try): Promise<boolean> {
  const jail = await offlineJail(session);
  using limit = timeLimit(TIMEOUT_MS);
  const end = await runRestic(session, {
    verb: 'keycheck',
    address: directory,
    password,
    // No --key-hint: there is one key, and restic would try a hinted one that does not open twice.
    args: ['cat', 'config', '--no-lock', '--no-cache'],
    cancel: limit.signal,
    ...(jail === undefined ? {} : { wrap: (): Wrapper => jail }),
  });
  if (end.code === RESTIC_EXIT.ok) return true;
  // Stopped while it tries the key, restic ends as if the password were wrong: that is no verdict.
  if (end.code === RESTIC_EXIT.wrongPassword && !end.cancelled) return false;
  session.cancel.throwIfAborted();
  if (end.cancelled) throw tooSlow();
  throw new AppError('integrity', 'the password cannot be checked: the local copy of the keys is damaged', {
    hint: 'run `olares-backup doctor`; nothing is wrong with the password as far as we know',
    cause: failureOf(end),
  });
}

const tooSlow = () =>
  new AppError('failed', `the password could not be checked within ${TIMEOUT_MS / 1000} seconds`, {
    hint: 'the machine is very busy; try again. It says nothing about the password',
    retry: 'backoff',
  });
