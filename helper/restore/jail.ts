import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { RepositoryAccess } from '../../contract/helper-messages.ts';
import { findProgram } from '../engine/restic-path.ts';
import type { Wrapper } from '../engine/restic.ts';
import type { Session } from '../session.ts';
import { makePrivateDirectory } from '../state-files.ts';
import { parseAddress } from '../storage/address.ts';
import type { Anchor } from './anchor.ts';

const READ_ONLY_VIEW = ['--die-with-parent', '--ro-bind', '/', '/', '--dev', '/dev'];
const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'MKNOD'] as const;
/** Only when a person asked to keep file capabilities and trusted attributes. */
const SPECIAL_CAPABILITIES = ['SETFCAP', 'SYS_ADMIN'] as const;
/** @see capabilities(7), `linux/capability.h` */
const NUMBERS = {
  CHOWN: 0,
  DAC_OVERRIDE: 1,
  DAC_READ_SEARCH: 2,
  FOWNER: 3,
  FSETID: 4,
  SYS_ADMIN: 21,
  MKNOD: 27,
  SETFCAP: 31,
};
const isRoot = () => process.geteuid?.() === 0;

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
 * Tries to make a jail, before anything else is made and a password is used up.
 * @returns the program that makes it
 * @throws AppError `refused` where none can be made: never restored without one
 */
export function requireJail({ places }: Session): string {
  const program = findProgram(places, 'bwrap');
  if (!program) {
    throw new AppError('refused', 'a safe restore needs bubblewrap, which is not installed', {
      hint: 'install bubblewrap 0.8 or newer (`apt install bubblewrap`)',
      retry: 'after_action',
    });
  }
  const args = [...READ_ONLY_VIEW, ...capabilityArgs(false), 'true'];
  const { status, stderr } = spawnSync(program, args, { env: { PATH: places.path }, encoding: 'utf8' });
  if (status !== 0) throw jailFailure(stderr.split('\n')) ?? noJail('bubblewrap does not start');
  return program;
}

/**
 * A view of the file system in which everything is read only but the staging directory and what restic itself needs.
 * restic alone follows a directory that is swapped for a link out of its target.
 */
export function openJail({ session, staging, access, keepSpecial }: JailOptions): Jail {
  const insidePath = join(makePrivateDirectory(join(session.stateDir, 'run')), `staging-${process.pid}`);
  mkdirSync(insidePath, { mode: 0o700, recursive: true });
  const writable = [join(session.stateDir, 'cache'), join(session.stateDir, 'tmp'), ...lockDirectory(access)];
  const base = [
    ...READ_ONLY_VIEW,
    ...writable.map(makeOwn).flatMap((path) => ['--bind', path, path]),
    ...capabilityArgs(keepSpecial),
  ];
  return {
    insidePath,
    wrap: (firstFd) => ({
      program: findProgram(session.places, 'bwrap') ?? 'bwrap',
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
  return said === undefined ? undefined : noJail(said.slice('bwrap: '.length));
}

function noJail(reason: string): AppError {
  const way = isRoot()
    ? 'this machine or container does not let the agent mount: allow it (a container needs --cap-add SYS_ADMIN ' +
      'and no AppArmor or seccomp profile that forbids it), or restore on its host'
    : 'allow user namespaces (`sysctl user.max_user_namespaces`, `kernel.unprivileged_userns_clone`, ' +
      '`kernel.apparmor_restrict_unprivileged_userns`), or run the agent as root';
  return new AppError('refused', `the jail for a safe restore cannot be made here: ${reason.slice(0, 200)}`, {
    hint: `${way}; docs/restore-without-us.md tells how to do without`,
    retry: 'after_action',
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

/** Those of the list that we have: asked to keep another one, bubblewrap would drop none at all. */
function capabilityArgs(keepSpecial: boolean): string[] {
  if (!isRoot()) return [];
  const status = readFileSync('/proc/self/status', 'utf8');
  const held = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  const kept = [...CAPABILITIES, ...(keepSpecial ? SPECIAL_CAPABILITIES : [])].filter(
    (name) => (held >> BigInt(NUMBERS[name])) & 1n,
  );
  return ['--cap-drop', 'ALL', ...kept.flatMap((name) => ['--cap-add', `CAP_${name}`])];
}
