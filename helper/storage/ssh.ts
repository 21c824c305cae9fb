import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { RepositoryAccess } from '../../contract/helper-messages.ts';
import type { Session } from '../session.ts';
import { createPrivateFileSync } from '../state-files.ts';

/** What the host is called in our list of known hosts, whatever its address. */
const ALIAS = 'olares-backup-location';
const CONNECT_SECONDS = 15;

export interface SshHost {
  readonly host: string;
  readonly port: number | undefined;
  readonly user: string | undefined;
}

/**
 * Options with which ssh asks nobody, reads no settings of this machine and trusts the confirmed host keys alone.
 * @throws AppError `refused` while no host key is confirmed
 */
export function sshOptions(session: Session, ssh: RepositoryAccess['ssh']): string[] {
  if (!ssh || ssh.hostKeys.length === 0) {
    throw new AppError('refused', 'nobody has confirmed the key of the SSH host yet', {
      hint: 'add the plan at a terminal, or name the key by --host-key',
      field: 'location',
      retry: 'after_action',
    });
  }
  const settings = {
    BatchMode: 'yes',
    StrictHostKeyChecking: 'yes',
    HostKeyAlias: ALIAS,
    UserKnownHostsFile: quoted(knownHosts(session, ssh.hostKeys)),
    GlobalKnownHostsFile: 'none',
    CheckHostIP: 'no',
    UpdateHostKeys: 'no',
    PasswordAuthentication: 'no',
    IdentitiesOnly: 'yes',
    ClearAllForwardings: 'yes',
    ControlPath: 'none',
    ConnectTimeout: String(CONNECT_SECONDS),
    ServerAliveInterval: '15',
    ServerAliveCountMax: '4',
    ...(ssh.keyFile === undefined ? {} : { IdentityFile: quoted(ssh.keyFile) }),
  };
  return ['-F', 'none', ...Object.entries(settings).map(([name, value]) => `-o${name}=${value}`)];
}

/** restic reads an option as a line of CSV, and splits the value of this one like a shell. */
export function sftpOption(options: readonly string[]): string {
  const setting = `sftp.args=${options.map((option) => `'${option}'`).join(' ')}`;
  return `"${setting.replaceAll('"', '""')}"`;
}

/** ssh splits file names at blanks and fills in what stands behind a per cent sign. */
function quoted(path: string): string {
  if (/['"\\\n]/.test(path)) {
    throw new AppError('invalid_input', `a path with quotes cannot be handed to ssh: ${path}`, {
      field: 'location',
      hint: 'move the file to a path without quotes and backslashes',
    });
  }
  return `"${path.replaceAll('%', '%%')}"`;
}

/** One file for each set of keys, named by its content: written once, never changed. */
function knownHosts(session: Session, keys: readonly string[]): string {
  const content = keys.map((key) => `${ALIAS} ${key}\n`).join('');
  const name = createHash('sha256').update(content).digest('hex').slice(0, 32);
  const path = join(session.stateDir, 'keys', 'known-hosts', name);
  if (existsSync(path)) return path;
  try {
    createPrivateFileSync(path, content);
  } catch (error) {
    // Another helper was faster.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return path;
}

interface SshRule {
  readonly pattern: RegExp;
  readonly error: (host: string, cause: Error) => AppError;
}

/** What OpenSSH's client says in words only (9.2 to 10.0). First match wins. */
const RULES: readonly SshRule[] = [
  {
    pattern: /Host key verification failed|IDENTIFICATION HAS CHANGED|No \S+ host key is known/i,
    error: (host, cause) =>
      new AppError('integrity', `${host} shows another host key than the one that was confirmed`, {
        hint: 'ask whoever runs it: if it was set up anew, confirm its new key with `olares-backup plan edit NAME --host-key KEY`; else somebody stands in between',
        retry: 'after_action',
        cause,
      }),
  },
  {
    pattern: /UNPROTECTED PRIVATE KEY|bad permissions/i,
    error: (_host, cause) =>
      new AppError('refused', 'the SSH key file can be read by others', {
        hint: 'chmod 600 it, and look who had access to it',
        retry: 'after_action',
        cause,
      }),
  },
  {
    pattern:
      /Permission denied|Too many authentication failures|passphrase|error in libcrypto|invalid format/i,
    error: (host, cause) =>
      new AppError('not_signed_in', `${host} does not accept the user or the SSH key`, {
        hint: 'check the user in the address and --ssh-key (a key without passphrase that stands in authorized_keys there)',
        retry: 'after_action',
        cause,
      }),
  },
  {
    pattern: /subsystem request failed/i,
    error: (host, cause) =>
      new AppError('refused', `${host} offers no SFTP`, {
        hint: 'allow the sftp subsystem in its sshd_config',
        retry: 'after_action',
        cause,
      }),
  },
  {
    pattern: /Could not resolve|Name or service not known/i,
    error: (host, cause) =>
      new AppError('unreachable', `the name ${host} is not known`, {
        hint: 'check the address of the location',
        retry: 'backoff',
        cause,
      }),
  },
];

/** Words for an ssh that ended before it had a connection. */
export function sshFailure(host: string, said: string): AppError {
  const cause = new Error(said.trim() || 'ssh ended without a word');
  const rule = RULES.find(({ pattern }) => pattern.test(said));
  if (rule) return rule.error(host, cause);
  const reason = /refused/i.test(said)
    ? ': nothing listens there'
    : /timed out/i.test(said)
      ? ': it did not answer in time'
      : '';
  return new AppError('unreachable', `${host} cannot be reached by SSH${reason}`, {
    hint: 'check the network, the address and the port of the location',
    retry: 'backoff',
    cause,
  });
}
