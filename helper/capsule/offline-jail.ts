import { execa } from 'execa';
import { findProgram } from '../engine/restic-path.ts';
import type { Wrapper } from '../engine/restic.ts';
import type { Session } from '../session.ts';

const ARGS = ['--unshare-net', '--die-with-parent', '--ro-bind', '/', '/', '--dev', '/dev'];

/**
 * No network and nothing to write to, for a process that gets a typed password. Undefined where that cannot be had: there
 * the unit's own sandbox has to do, and a local path needs no network.
 */
export function offlineJail(session: Session): Promise<Wrapper | undefined> {
  const known = looked.get(session) ?? usableJail(session, ARGS);
  looked.set(session, known);
  return known;
}

/** Whether it can be had is found out once, so that it can be done while a person still types. */
const looked = new WeakMap<Session, Promise<Wrapper | undefined>>();

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
