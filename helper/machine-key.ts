import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../contract/errors.ts';
import type { Session } from './session.ts';
import { createPrivateFileSync, readPrivateFile } from './state-files.ts';

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

/** As {@link readMachineKey}, and makes the key at first use. */
export function ensureMachineKey(session: Session): Buffer {
  const places = [credentialPath(session), keyPath(session)];
  if (!places.some((path) => path && existsSync(path))) {
    createPrivateFileSync(keyPath(session), randomBytes(MACHINE_KEY_BYTES).toString('base64'));
  }
  return readMachineKey(session);
}

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
