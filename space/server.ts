import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import { AppError } from '../contract/errors.ts';
import type { WireContext } from './api/calls.ts';
import type { StorageIdentity } from './api/sts.ts';
import { AgentHub } from './agents/hub.ts';
import type { Timing } from './agents/session.ts';
import { LiveProgress, Viewers } from './console-api/live.ts';
import { findConsolePage } from './console-api/page.ts';
import { buildHttp } from './http.ts';
import type { SpaceFaults } from './faults.ts';
import { SpaceHosts } from './hosts.ts';
import { openStorage, storageIdentityOf, type StorageChoice } from './open-storage.ts';
import type { Clock, Random } from './ids.ts';
import { lockDataDir } from './data-lock.ts';
import { silentLog, type Log } from './log.ts';
import type { Command, NewCommand } from './state/commands.ts';
import type { PairingCode } from './state/pairing-codes.ts';
import { openState, type State } from './state/state.ts';
import type { Storage } from './storage/storage.ts';

export const DEFAULT_QUOTA_BYTES = 10 * 2 ** 30;

export interface SpaceOptions extends StorageChoice {
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port?: number;
  readonly clock: Clock;
  readonly random?: Random;
  /** Quota of accounts that are made from now on. */
  readonly quotaBytes?: number;
  /** Where agents and browsers reach this Space, when that is not where it listens. */
  readonly publicUrl?: string;
  /** Further `host[:port]` under which it may be reached. */
  readonly allowHosts?: readonly string[];
  /** A proxy in front ends TLS; without it only loopback addresses may be listened on. */
  readonly behindProxy?: boolean;
  /** For tests: its knobs. */
  readonly faults?: SpaceFaults;
  readonly timing?: Partial<Timing>;
  readonly log?: Log;
  /** The built console page; found by itself when absent. */
  readonly pageDir?: string;
}

export interface SpaceServer {
  /** `http(s)://host[:port]` that agents are given. */
  readonly url: string;
  /** Where it listens. */
  readonly port: number;
  readonly state: State;
  readonly storage: Storage;
  readonly storageIdentity: StorageIdentity;
  readonly hub: AgentHub;
  /** Makes the account of this Olares name if there is none. */
  createPairingCode(olaresName: string): PairingCode;
  /** A one-time address that signs a browser in to the console. */
  createConsoleLink(): string;
  /** Stored, and sent as soon as the device is there. */
  command(command: NewCommand): Command;
  revoke(deviceId: string): void;
  /** One more `host[:port]` under which it may be reached, for instance a proxy's. */
  allowHost(host: string): void;
  close(): Promise<void>;
}

const DEFAULT_TIMING: Timing = { pingMs: 20_000, pongMs: 10_000, helloMs: 10_000 };

/**
 * Starts a Space on a data directory.
 * @throws AppError `config_invalid`, or `conflict` when another process serves this directory or has the port
 */
export async function openSpace(options: SpaceOptions): Promise<SpaceServer> {
  const { dataDir, host = '127.0.0.1', port = 0, clock, random = randomBytes } = options;
  const log = options.log ?? silentLog;
  const hosts = new SpaceHosts({ ...options, host });
  const unlock = lockDataDir(dataDir);
  const opened: (() => void | Promise<void>)[] = [unlock];
  const closeAll = async () => {
    for (const close of opened.splice(0).reverse()) await close();
  };
  try {
    const state = openState({ dataDir, clock, random });
    opened.push(() => state.close());
    const storage = await openStorage(options, { state, clock, random, log, faults: options.faults });
    opened.push(() => storage.close());
    return await assemble({
      ...options,
      host,
      port,
      clock,
      random,
      log,
      hosts,
      state,
      storage,
      opened,
      closeAll,
    });
  } catch (error) {
    await closeAll();
    throw error;
  }
}

interface Parts extends SpaceOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly hosts: SpaceHosts;
  readonly state: State;
  readonly storage: Storage;
  /** What to close, last first. */
  readonly opened: (() => void | Promise<void>)[];
  readonly closeAll: () => Promise<void>;
}

async function assemble(parts: Parts): Promise<SpaceServer> {
  const { state, storage, hosts, opened, log, faults } = parts;
  const services = createServices(parts);
  const { hub, viewers, storageIdentity, createPairingCode, revoke } = services;
  const pageDir = parts.pageDir ?? findConsolePage();
  const http = await buildHttp({ ...services, hosts, log, faults, pageDir });
  opened.push(() => http.close());
  opened.push(() => hub.close());
  opened.push(() => viewers.close());
  hosts.listening(await listen(http.server, parts));
  state.setSetting('url', hosts.url);
  return {
    url: hosts.url,
    port: hosts.port,
    state,
    storage,
    storageIdentity,
    hub,
    createPairingCode,
    revoke,
    createConsoleLink: () => consoleLink(hosts.url, state),
    command: (command) => hub.command(command),
    allowHost: (host) => hosts.allow(host),
    close: parts.closeAll,
  };
}

function createServices(parts: Parts) {
  const { state, storage, hosts, clock, random, log, faults } = parts;
  const viewers = new Viewers();
  const progress = new LiveProgress();
  const changed = () => viewers.changed();
  const hub = new AgentHub({
    state,
    clock,
    random,
    log,
    faults,
    changed,
    timing: { ...DEFAULT_TIMING, ...parts.timing },
    hosts: () => hosts.names(),
    progress: (deviceId, jobId, body) => {
      progress.set(deviceId, jobId, body);
      changed();
    },
  });
  const storageIdentity = storageIdentityOf(parts.cluster, hosts);
  const wire: WireContext = { state, storage, storageIdentity, clock, changed };
  const createPairingCode = (name: string) =>
    state.pairingCodes.create(state.accounts.ensure(name, parts.quotaBytes ?? DEFAULT_QUOTA_BYTES).id);
  const revoke = (deviceId: string) => {
    state.devices.revoke(deviceId);
    hub.dismiss(deviceId);
    changed();
  };
  return { viewers, progress, hub, storageIdentity, wire, createPairingCode, revoke };
}

/** Its code is in the fragment, which no browser sends to a server and no log keeps. */
export const consoleLink = (url: string, state: State): string =>
  `${url}/#code=${state.consoleAccess.createLoginCode()}`;

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) =>
      reject(
        new AppError('conflict', `cannot listen on ${host}:${port}: ${error.message}`, {
          hint:
            error.code === 'EADDRINUSE'
              ? 'stop the other program or choose another --listen HOST:PORT'
              : 'choose another --listen HOST:PORT',
          cause: error,
        }),
      );
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
