import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Session } from '../session.ts';
import { makePrivateDirectory } from '../state-files.ts';

/**
 * For each repository id the digest of its `config` as stored, seen when restic last opened both together. It is only a
 * shortcut: a missing or differing one costs one more restic process.
 */
export function readPin(session: Session, repositoryId: string): string | undefined {
  try {
    return readFileSync(pinPath(session, repositoryId), 'utf8');
  } catch {
    // Not pinned yet.
    return undefined;
  }
}

export function writePin(session: Session, repositoryId: string, digest: string): void {
  const path = pinPath(session, repositoryId);
  makePrivateDirectory(pinFolder(session));
  writeFileSync(`${path}.${process.pid}`, digest, { mode: 0o600 });
  renameSync(`${path}.${process.pid}`, path);
}

/** Was any repository armed with this machine's key? */
export function hasPins(session: Session): boolean {
  try {
    return readdirSync(pinFolder(session)).length > 0;
  } catch {
    // Never pinned one.
    return false;
  }
}

const pinFolder = ({ stateDir }: Session) => join(stateDir, 'keys', 'pins');
const pinPath = (session: Session, repositoryId: string) => join(pinFolder(session), repositoryId);
