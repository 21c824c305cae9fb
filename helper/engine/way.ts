import type { RepositoryAccess } from '../../contract/helper-messages.ts';
import { limitAt, type LimitRule, type TimedLimits } from '../../contract/model/limits.ts';
import { openForwarder } from '../limiter/forwarder.ts';
import type { HostAndPort } from '../limiter/host-and-port.ts';
import { createTokenBucket } from '../limiter/token-bucket.ts';
import type { Session } from '../session.ts';
import { parseAddress, type StoragePlace } from '../storage/address.ts';
import { sftpOption, sshOptions } from '../storage/ssh.ts';

/** How restic gets to a repository. */
export interface Way {
  readonly address: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  close(): void;
}

/**
 * A plan's limits are kept by a port of ours: restic takes limits only when it starts, and lets through a second's worth
 * more each time it was idle (measured: 2.4 instead of 2 MiB/s over 4 s).
 */
export async function openWay(session: Session, access: RepositoryAccess): Promise<Way> {
  const place = parseAddress(access);
  const args = [
    ...Object.entries(access.options).map(([name, value]) => `--option=${name}=${value}`),
    ...(access.caFile === undefined ? [] : [`--cacert=${access.caFile}`]),
  ];
  const host = hostOf(place);
  if (access.limits && host) {
    const held = { session, access, place, host, limits: access.limits };
    const way = await openHeldWay(held);
    return { ...way, args: [...args, ...way.args] };
  }
  const ssh = place.kind === 'sftp' ? sshArgs(session, access, []) : [];
  const limits = limitArgs(session, access.limits);
  return { address: access.address, args: [...args, ...ssh, ...limits], environment: {}, close: () => {} };
}

interface Held {
  readonly session: Session;
  readonly access: RepositoryAccess;
  readonly place: StoragePlace;
  readonly host: HostAndPort;
  readonly limits: TimedLimits;
}

async function openHeldWay({ session, access, place, host, limits }: Held): Promise<Way> {
  const bucket = (rules: readonly LimitRule[]) =>
    createTokenBucket(eachSecond(() => limitAt(rules, limits.zone, session.clock())));
  const isDirect = place.kind === 'sftp' || isLoopback(host.host);
  const forwarder = await openForwarder({
    target: isDirect ? host : (wanted) => isSameProvider(wanted, host),
    // There restic asks for it: the address of the repository keeps its host.
    ...(isDirect && place.kind !== 'sftp' && host.host !== 'localhost' && { on: host.host }),
    up: bucket(limits.upload),
    down: bucket(limits.download),
  });
  return {
    address: isDirect ? throughPort(access.address, place, forwarder.port) : access.address,
    args: place.kind === 'sftp' ? sshArgs(session, access, ['-oHostName=127.0.0.1']) : [],
    environment: isDirect ? {} : proxy(forwarder.port),
    close: () => forwarder.close(),
  };
}

/** For a directory, which no port leads to: those of this moment. */
function limitArgs(session: Session, limits: RepositoryAccess['limits']): string[] {
  if (!limits) return [];
  return (['upload', 'download'] as const).flatMap((direction) => {
    const rate = limitAt(limits[direction], limits.zone, session.clock());
    return rate === undefined ? [] : [`--limit-${direction}=${rate}`];
  });
}

function sshArgs(session: Session, { ssh }: RepositoryAccess, more: readonly string[]): string[] {
  return [`--option=${sftpOption([...more, ...sshOptions(session, ssh)])}`];
}

function hostOf(place: StoragePlace): HostAndPort | undefined {
  if (place.kind === 'sftp') return { host: place.host, port: place.port ?? 22 };
  if (place.kind !== 's3' && place.kind !== 'rest') return undefined;
  const { hostname, port, protocol } = place.base;
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
  };
}

/** Go never asks a proxy for these. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

/** Amazon's storage is asked under several names. */
function isSameProvider(wanted: HostAndPort, { host, port }: HostAndPort): boolean {
  const domain = (name: string): string => name.split('.').slice(-2).join('.');
  const isName = /[a-z]/i.test(host) && host.includes('.');
  return wanted.port === port && (wanted.host === host || (isName && domain(wanted.host) === domain(host)));
}

function proxy(port: number): Record<string, string> {
  const address = `socks5://127.0.0.1:${port}`;
  return { HTTP_PROXY: address, HTTPS_PROXY: address };
}

/** The same address with our port: name and certificate of the host stay what they are. */
function throughPort(address: string, place: StoragePlace, port: number): string {
  if (place.kind === 'sftp') {
    const user = place.user === undefined ? '' : `${place.user}@`;
    const path = place.path.split('/').map(encodeURIComponent).join('/');
    return `sftp://${user}${place.host.includes(':') ? `[${place.host}]` : place.host}:${port}/${path}`;
  }
  return address.replace(
    /^((?:s3|rest):(?:https?:)?\/{0,2}(?:[^/@]*@)?)(\[[^\]]+\]|[^/:]+)(?::\d+)?/,
    `$1$2:${port}`,
  );
}

/** Asking for the wall time of a zone is too dear for each slice. */
function eachSecond<T>(ask: () => T): () => T {
  let known: { readonly value: T; readonly until: number } | undefined;
  return () => {
    const now = performance.now();
    if (known === undefined || now >= known.until) known = { value: ask(), until: now + 1000 };
    return known.value;
  };
}
