import { readFileSync, renameSync, writeFileSync } from 'node:fs';
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
  makePrivateDirectory(join(session.stateDir, 'keys', 'pins'));
  writeFileSync(`${path}.${process.pid}`, digest, { mode: 0o600 });
  renameSync(`${path}.${process.pid}`, path);
}

const pinPath = ({ stateDir }: Session, repositoryId: string) => join(stateDir, 'keys', 'pins', repositoryId);
