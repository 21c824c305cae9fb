import { execa } from 'execa';
import { findProgram } from '../engine/restic-path.ts';
import type { Wrapper } from '../engine/restic.ts';
import type { Session } from '../session.ts';

const ARGS = ['--unshare-net', '--die-with-parent', '--ro-bind', '/', '/', '--dev', '/dev'];

/**
 * No network and nothing to write to, for a process that gets a typed password. Undefined where that cannot be had: there
 * the unit's own sandbox has to do, and a local path needs no network.
 */
export const offlineJail = (session: Session): Promise<Wrapper | undefined> => usableJail(session, ARGS);

/** A view made by bubblewrap, or undefined where it is not installed or may not make namespaces. */
export async function usableJail(session: Session, args: readonly string[]): Promise<Wrapper | undefined> {
  const program = findProgram(session.places, 'bwrap');
  if (!program) return undefined;
  const { failed } = await execa(program, [...args, 'true'], {
    env: { PATH: session.places.path },
    extendEnv: false,
    reject: false,
    stdio: 'ignore',
  });
  return failed ? undefined : { program, args, fds: [], reportsPid: false };
}
