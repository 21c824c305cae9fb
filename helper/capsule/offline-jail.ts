import { execa } from 'execa';
import { findProgram } from '../engine/restic-path.ts';
import type { Wrapper } from '../engine/restic.ts';
import type { Session } from '../session.ts';

const ARGS = ['--unshare-net', '--die-with-parent', '--ro-bind', '/', '/', '--dev', '/dev'];

/**
 * No network and nothing to write to, for a process that gets a typed password. Undefined where bubblewrap is not
 * installed or may not make namespaces: there the unit's own sandbox has to do, and a local path needs no network.
 */
export async function offlineJail(session: Session): Promise<Wrapper | undefined> {
  const program = findProgram(session.places.path, 'bwrap');
  if (!program) return undefined;
  const { failed } = await execa(program, [...ARGS, 'true'], {
    env: { PATH: session.places.path },
    extendEnv: false,
    reject: false,
    stdio: 'ignore',
  });
  return failed ? undefined : { program, args: ARGS, fds: [], reportsPid: false };
}
