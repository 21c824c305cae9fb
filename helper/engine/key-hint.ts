import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Session } from '../session.ts';
import { makePrivateDirectory } from '../state-files.ts';

const KEY_ID = /^[0-9a-f]{64}$/;

/**
 * The id of the machine's key in a repository. Without it restic tries one key after the other, at half a second each.
 * Only a hint: one that is missing or wrong costs that time and nothing else.
 */
export function readKeyHint(session: Session, repositoryId: string): string | undefined {
  try {
    const id = readFileSync(hintPath(session, repositoryId), 'utf8');
    return KEY_ID.test(id) ? id : undefined;
  } catch {
    // Armed before there were hints, or restored from elsewhere.
    return undefined;
  }
}

export function writeKeyHint(session: Session, repositoryId: string, keyId: string): void {
  makePrivateDirectory(hintFolder(session));
  const path = hintPath(session, repositoryId);
  writeFileSync(`${path}.${process.pid}`, keyId, { mode: 0o600 });
  renameSync(`${path}.${process.pid}`, path);
}

const hintFolder = ({ stateDir }: Session) => join(stateDir, 'keys', 'hints');
const hintPath = (session: Session, repositoryId: string) => join(hintFolder(session), repositoryId);
