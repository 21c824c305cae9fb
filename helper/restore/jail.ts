import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { RepositoryAccess } from '../../contract/helper-messages.ts';
import { findProgram } from '../engine/restic-path.ts';
import type { Wrapper } from '../engine/restic.ts';
import type { Session } from '../session.ts';
import { makePrivateDirectory } from '../state-files.ts';
import { parseAddress } from '../storage/address.ts';
import type { Anchor } from './anchor.ts';

const HINT =
  'install bubblewrap 0.8 or newer (`apt install bubblewrap`), and allow user namespaces if the agent is no root';
const READ_ONLY_VIEW = ['--ro-bind', '/', '/', '--dev', '/dev'];
const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'MKNOD'];
/** Only when a person asked to keep file capabilities and trusted attributes. */
const SPECIAL_CAPABILITIES = ['SETFCAP', 'SYS_ADMIN'];

export interface Jail extends Disposable {
  /** Where the staging directory is inside. Not its real path: nobody but us can change what lies on the way there. */
  readonly insidePath: string;
  wrap(firstFd: number): Wrapper;
}

export interface JailOptions {
  readonly session: Session;
  readonly staging: Anchor;
  readonly access: RepositoryAccess;
  readonly keepSpecial: boolean;
}

/**
 * A view of the file system in which everything is read only but the staging directory and what restic itself needs.
 * restic alone follows a directory that is swapped for a link out of its target.
 * @throws AppError `refused` without bubblewrap: never restored without a jail
 */
export function openJail({ session, staging, access, keepSpecial }: JailOptions): Jail {
  const program = findProgram(session.places, 'bwrap');
  if (!program)
    throw new AppError('refused', 'a safe restore needs bubblewrap, which is not installed', { hint: HINT });
  const insidePath = join(makePrivateDirectory(join(session.stateDir, 'run')), `staging-${process.pid}`);
  mkdirSync(insidePath, { mode: 0o700, recursive: true });
  const writable = [join(session.stateDir, 'cache'), join(session.stateDir, 'tmp'), ...lockDirectory(access)];
  const base = [
    '--die-with-parent',
    ...READ_ONLY_VIEW,
    ...writable.map(makeOwn).flatMap((path) => ['--bind', path, path]),
    ...capabilityArgs(keepSpecial),
  ];
  return {
    insidePath,
    wrap: (firstFd) => ({
      program,
      args: [...base, '--bind-fd', String(firstFd), insidePath, '--info-fd', String(firstFd + 1)],
      fds: [staging.fd],
      reportsPid: true,
    }),
    [Symbol.dispose]: () => rmdirSync(insidePath),
  };
}

/** What bubblewrap says when it cannot make the jail; restic was not started then. */
export function jailFailure(tail: readonly string[]): AppError | undefined {
  const said = tail.find((line) => line.startsWith('bwrap: '));
  if (said === undefined) return undefined;
  return new AppError('refused', 'the jail for a safe restore cannot be made on this machine', {
    hint: HINT,
    cause: new Error(said),
  });
}

/** A restore holds a lock, so that nothing it needs is pruned meanwhile. */
function lockDirectory(access: RepositoryAccess): string[] {
  const place = parseAddress(access);
  const path = place.kind === 'directory' ? join(place.path, 'locks') : undefined;
  return path && existsSync(path) ? [path] : [];
}

function makeOwn(path: string): string {
  if (!existsSync(path)) makePrivateDirectory(path);
  return path;
}

function capabilityArgs(keepSpecial: boolean): string[] {
  if (process.geteuid?.() !== 0) return [];
  const kept = keepSpecial ? [...CAPABILITIES, ...SPECIAL_CAPABILITIES] : CAPABILITIES;
  return ['--cap-drop', 'ALL', ...kept.flatMap((name) => ['--cap-add', `CAP_${name}`])];
}
