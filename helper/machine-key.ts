import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError } from '../contract/errors.ts';
import { hasPins } from './engine/pins.ts';
import type { Session } from './session.ts';
import { createPrivateFileSync, readPrivateFile, syncDirectory } from './state-files.ts';

const MACHINE_KEY_BYTES = 32;

/**
 * The key of unattended work: from the unit's credentials where there are any, else from the state directory.
 * @throws AppError `not_found` when none was made yet, `refused` when others could read it
 */
export function readMachineKey(session: Session): Buffer {
  const path = [credentialPath(session), keyPath(session)].find((path) => path && existsSync(path));
  if (path === undefined) {
    throw new AppError('not_found', 'this machine has no machine key yet', {
      hint: 'add a plan first: it makes the key',
      retry: 'after_action',
    });
  }
  const key = trimEnd(readPrivateFile(path));
  if (key.length < MACHINE_KEY_BYTES) {
    throw new AppError('integrity', `the machine key in ${path} is damaged`, {
      hint: 'put it back from a copy, or adopt the repository again with the password',
    });
  }
  return key;
}

/**
 * As {@link readMachineKey}, and makes the key at first use.
 * @param mode adopt: the password in hand opens the repository, so a key that was lost may be replaced by a new one
 * @throws AppError `integrity` when repositories of this machine are known but their key is gone: a new one would open
 *   none of them, and take the place of the old one
 */
export function ensureMachineKey(session: Session, mode: 'create' | 'adopt'): Buffer {
  const places = [credentialPath(session), keyPath(session)];
  if (!places.some((path) => path && existsSync(path))) {
    if (mode === 'create' && hasPins(session)) throw lostKey(keyPath(session));
    makeKey(keyPath(session));
  }
  return readMachineKey(session);
}

/** Appears under its name as a whole, and only when there is none. */
function makeKey(path: string): void {
  const unfinished = `${path}.${randomBytes(4).toString('hex')}`;
  createPrivateFileSync(unfinished, randomBytes(MACHINE_KEY_BYTES).toString('base64'));
  try {
    linkSync(unfinished, path);
  } catch (error) {
    // Another helper was faster: its key is the key.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    rmSync(unfinished);
  }
  syncDirectory(dirname(path));
}

const lostKey = (path: string) =>
  new AppError('integrity', `the machine key ${path} is gone, and the repositories of this machine need it`, {
    hint: 'put it back from a copy; without one, adopt each repository again with its password (`plan add --adopt`)',
    retry: 'after_action',
  });

const keyPath = (session: Session) => join(session.stateDir, 'keys', 'machine.key');

function credentialPath({ places }: Session): string | undefined {
  return places.credentialsDirectory && join(places.credentialsDirectory, 'machine-key');
}

/** A file written by hand ends with a newline, which restic would drop and our own comparison would not. */
function trimEnd(key: Buffer): Buffer {
  let end = key.length;
  while (end > 0 && (key[end - 1] === 0x0a || key[end - 1] === 0x0d)) end -= 1;
  return key.subarray(0, end);
}
