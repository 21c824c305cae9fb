import { join } from 'node:path';
import type { Session } from '../session.ts';
import { makePrivateDirectory } from '../state-files.ts';

/** Where restic may find things; nothing of our own environment passes. */
export function resticEnvironment(session: Session): Record<string, string> {
  const { stateDir, places } = session;
  return {
    PATH: places.path,
    // restic and the S3 library look for credentials and settings there before they look at our endpoint.
    HOME: makePrivateDirectory(join(stateDir, 'engine-home')),
    RESTIC_CACHE_DIR: makePrivateDirectory(join(stateDir, 'cache')),
    TMPDIR: makePrivateDirectory(join(stateDir, 'tmp')),
    RESTIC_PROGRESS_FPS: '1',
    LC_ALL: 'C.UTF-8',
  };
}
