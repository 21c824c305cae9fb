import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { KEY_HOST } from '../capsule/key-file.ts';
import type { Session } from '../session.ts';
import { createPrivateFileSync } from '../state-files.ts';
import { findProgram } from './restic-path.ts';
import type { Wrapper } from './restic.ts';

/**
 * restic writes the machine's and the user's name in clear into the first key of a repository, where the storage can
 * read them, and `init` has no option against it. In here both are neutral. Undefined without bubblewrap: then the
 * names are told, which is said in the log.
 */
export function namelessJail(session: Session): Wrapper | undefined {
  const program = findProgram(session.places.path, 'bwrap');
  if (!program) {
    session.output.log('warn', 'without bubblewrap the first key tells the names of this machine and user');
    return undefined;
  }
  const users = join(session.stateDir, 'run', `nameless-${process.pid}`);
  createPrivateFileSync(users, `machine:x:${process.getuid?.() ?? 0}:0::/:/bin/false\n`);
  session.afterAnswer(async () => rmSync(users, { force: true }));
  const names = ['--unshare-uts', '--hostname', KEY_HOST, '--ro-bind', users, '/etc/passwd'];
  const args = ['--die-with-parent', '--dev-bind', '/', '/', ...names];
  return { program, args, fds: [], reportsPid: false };
}
