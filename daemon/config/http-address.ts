import { isIPv4, isIPv6 } from 'node:net';
import { AppError, cleanText } from '../../contract/index.ts';
import type { Config } from './config.ts';
import type { ConfigFile } from './config-schema.ts';

const DEFAULT = { host: '127.0.0.1', port: 8640 };

/**
 * Where the page and the HTTP API are served; undefined: nowhere.
 * @param given `HOST:PORT`, `[IPV6]:PORT` or `off`, from the command line; goes before the file
 * @throws AppError `config_invalid` naming the value and what is allowed
 */
export function httpAddress(given: string | undefined, file: ConfigFile['http']): Config['http'] {
  const wanted = given ?? (file === false ? 'off' : undefined);
  if (wanted === 'off') return undefined;
  const { allowRemote = false, ...place } = file || {};
  const address = wanted === undefined ? { ...DEFAULT, ...place } : parseAddress(wanted);
  if (allowRemote || isLoopback(address.host)) return address;
  throw new AppError('config_invalid', `http: other machines could reach ${cleanText(address.host)}`, {
    field: 'http.host',
    hint: 'use 127.0.0.1, or set "http": {"allowRemote": true} in the configuration file',
  });
}

function parseAddress(given: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(given);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host !== undefined && port <= 65_535) return { host, port };
  throw new AppError('config_invalid', `--http is "${cleanText(given, 100)}", but must be HOST:PORT or off`, {
    field: 'http',
    hint: `e.g. --http ${DEFAULT.host}:${DEFAULT.port}`,
  });
}

function isLoopback(host: string): boolean {
  if (isIPv4(host)) return host.startsWith('127.');
  return isIPv6(host) ? host === '::1' : host === 'localhost';
}
