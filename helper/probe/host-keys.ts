import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { AppError } from '../../contract/errors.ts';
import type { OfferedHostKey } from '../../contract/model/location-test.ts';
import { findProgram } from '../engine/restic-path.ts';
import type { Session } from '../session.ts';
import type { StoragePlace } from '../storage/address.ts';
import { sshFailure } from '../storage/ssh.ts';

const SECONDS = 10;
const MOST_BYTES = 64 * 1024;

/**
 * Asks an SSH host for its keys without signing in. Whoever answers may be anybody: a person has to compare them.
 * @throws AppError `unreachable`, `engine_missing`
 */
export async function offeredHostKeys(session: Session, place: StoragePlace): Promise<OfferedHostKey[]> {
  if (place.kind !== 'sftp') throw new Error('only an SFTP place has host keys');
  const program = findProgram(session.places, 'ssh-keyscan');
  if (!program) {
    throw new AppError('engine_missing', 'ssh-keyscan is not installed on this machine, which SFTP needs', {
      hint: 'apt install openssh-client',
    });
  }
  const args = [
    '-T',
    String(SECONDS),
    '-t',
    'ed25519,ecdsa,rsa',
    '-p',
    String(place.port ?? 22),
    '--',
    place.host,
  ];
  const { printed, said } = await run(session, program, args);
  const keys = [...printed.matchAll(/^\S+ ((?:ssh|ecdsa|sk)[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,3})\s*$/gm)];
  const offered = keys.map(([, key = '']) => ({ key, fingerprint: fingerprintOf(key) }));
  if (offered.length === 0) throw sshFailure(place.host, said);
  return offered.toSorted((a, b) => rank(a) - rank(b));
}

/** As `ssh-keygen -l` prints it. */
function fingerprintOf(key: string): string {
  const bytes = Buffer.from(key.split(' ')[1] ?? '', 'base64');
  return `SHA256:${createHash('sha256').update(bytes).digest('base64').replace(/=+$/, '')}`;
}

const rank = ({ key }: OfferedHostKey): number => (key.startsWith('ssh-ed25519') ? 0 : 1);

function run(session: Session, program: string, args: string[]): Promise<{ printed: string; said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: session.places.path, LC_ALL: 'C' },
      signal: session.cancel,
    });
    let [printed, said] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (printed = (printed + chunk.toString()).slice(0, MOST_BYTES)));
    child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(0, MOST_BYTES)));
    child.once('error', reject).once('close', () => resolve({ printed, said }));
  });
}
