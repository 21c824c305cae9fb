import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Certificate } from './certificates.ts';
import { eventually } from './eventually.ts';
import { ROOT } from './system.ts';

/** Where set-up puts the servers of others; a test without one says so and is skipped. */
const found = (name: string, setting: string): string | undefined =>
  [process.env[setting], join(ROOT, '.tools/bin', name)].find((path) => path && existsSync(path));

export const REST_SERVER = found('rest-server', 'REST_SERVER');
export const PRIVATE_SSHD = found('private-sshd', 'PRIVATE_SSHD');
export const MOTO = found('moto_server', 'MOTO_SERVER');
export const S3RVER = found('s3rver', 'S3RVER');

/** Says aloud what is not tested. */
export function sayMissing(servers: Readonly<Record<string, string | undefined>>): void {
  for (const [name, path] of Object.entries(servers)) {
    if (path === undefined)
      process.stderr.write(`SKIPPED: no ${name}; node scripts/setup.mjs test fetches it\n`);
  }
}

export interface TestServer extends AsyncDisposable {
  readonly port: number;
  /** What it printed. */
  log(): string;
}

export interface RestServerOptions {
  /** The only user; each has one directory of their own. */
  readonly user: { readonly name: string; readonly password: string };
  /** Served over TLS with it. */
  readonly tls?: Certificate;
}

export async function startRestServer(dir: string, { user, tls }: RestServerOptions): Promise<TestServer> {
  mkdirSync(dir, { recursive: true });
  const hash = createHash('sha1').update(user.password).digest('base64');
  writeFileSync(join(dir, '.htpasswd'), `${user.name}:{SHA}${hash}\n`);
  return await start(REST_SERVER, (port) => [
    '--path',
    dir,
    '--listen',
    `127.0.0.1:${port}`,
    '--private-repos',
    ...(tls ? ['--tls', '--tls-cert', tls.file, '--tls-key', tls.keyFile] : []),
  ]);
}

/** moto: S3 that keeps all in memory and looks at no key. */
export async function startMoto(): Promise<TestServer> {
  return await start(MOTO, (port) => ['-H', '127.0.0.1', '-p', String(port)]);
}

/** What s3rver wants to be signed with. */
export const S3RVER_KEYS = 'aws_access_key_id = S3RVER\naws_secret_access_key = S3RVER\n';

/** s3rver: S3 over TLS, on the disk. */
export async function startS3rver(dir: string, bucket: string, tls: Certificate): Promise<TestServer> {
  mkdirSync(dir, { recursive: true });
  const fixed = ['-d', dir, '-a', '127.0.0.1', '--no-vhost-buckets', '--configure-bucket', bucket];
  fixed.push('--key', tls.keyFile, '--cert', tls.file);
  return await start(S3RVER, (port) => [...fixed, '-p', String(port)]);
}

export interface TestSshd extends TestServer {
  /** Private key that may sign in as `tester`. */
  readonly keyFile: string;
  readonly fingerprint: string;
  /** The directory that is /data to those who sign in. */
  readonly data: string;
}

/** OpenSSH's sshd, SFTP alone; with a host key of its own unless `dir` has one. */
export async function startSshd(dir: string, port?: number): Promise<TestSshd> {
  const data = join(dir, 'data');
  const keyFile = join(dir, 'id');
  mkdirSync(data, { recursive: true });
  if (!existsSync(keyFile)) keygen(keyFile);
  if (!existsSync(join(data, 'hostkey'))) keygen(join(data, 'hostkey'));
  writeFileSync(join(data, 'authorized_keys'), readFileSync(`${keyFile}.pub`));
  const args = (on: number): string[] => {
    writeFileSync(join(data, 'sshd_config'), `${sshdConfig(on)}${forgiveness(data)}`);
    return [data, '-D', '-e', '-f', '/data/sshd_config'];
  };
  const server = await start(PRIVATE_SSHD, args, port);
  const listed = spawnSync('ssh-keygen', ['-lf', join(data, 'hostkey.pub')], { encoding: 'utf8' }).stdout;
  const fingerprint = listed.split(' ')[1] ?? '';
  return {
    ...server,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    keyFile,
    fingerprint,
    data,
  };
}

const sshdConfig = (port: number): string => `Port ${port}
ListenAddress 127.0.0.1
HostKey /data/hostkey
AuthorizedKeysFile /data/authorized_keys
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
`;

/** Since 9.8 sshd stops listening for a while to whoever was refused a few times. */
function forgiveness(data: string): string {
  const { stderr } = spawnSync(PRIVATE_SSHD ?? '', [data, '-V'], { encoding: 'utf8' });
  const [, major, minor] = /OpenSSH_(\d+)\.(\d+)/.exec(stderr) ?? [];
  return Number(major) * 100 + Number(minor) < 908 ? '' : 'PerSourcePenalties no\n';
}

export function keygen(path: string): void {
  const { status, stderr } = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`ssh-keygen: ${stderr}`);
}

async function start(
  program: string | undefined,
  args: (port: number) => string[],
  wanted?: number,
): Promise<TestServer> {
  if (program === undefined)
    throw new Error('this server is not here; node scripts/setup.mjs test fetches it');
  const port = wanted ?? (await freePort());
  const child = spawn(program, args(port), { stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed += String(chunk)));
  try {
    // moto takes seconds to load, on a busy machine many.
    await eventually(async () => await answers(port, child, () => printed), 'the server', 60_000);
  } catch (error) {
    await stop(child);
    throw error;
  }
  return { port, log: () => printed, [Symbol.asyncDispose]: async () => await stop(child) };
}

async function answers(port: number, child: ChildProcess, printed: () => string): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`the server ended: ${printed()}`);
  return await new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => (socket.destroy(), resolve(true))).once('error', () => resolve(false));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
