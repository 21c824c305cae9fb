import { AppError } from '../../contract/errors.ts';
import type { RepositoryAccess } from '../../contract/helper-messages.ts';
import { decodeUrlPart } from '../../contract/url-text.ts';
import type { SshHost } from './ssh.ts';

/** Where a repository's files are, as far as we read any of them ourselves. */
export type StoragePlace =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 's3'; readonly base: URL; readonly region: string; readonly bucket: S3Bucket }
  | { readonly kind: 'rest'; readonly base: URL; readonly authorization: string | undefined }
  | ({ readonly kind: 'sftp'; readonly path: string } & SshHost)
  /** Reached by restic alone. */
  | { readonly kind: 'other'; readonly scheme: string };

/** Where the objects of an S3 repository can be listed. */
export interface S3Bucket {
  readonly url: URL;
  /** What the names of the repository's objects begin with, decoded; ends with a slash unless it is empty. */
  readonly prefix: string;
}

/**
 * Reads restic's way to write an address.
 * @throws AppError `invalid_input`
 */
export function parseAddress({
  address,
  options,
}: Pick<RepositoryAccess, 'address' | 'options'>): StoragePlace {
  if (address.startsWith('s3:')) return parseS3(address.slice('s3:'.length), options);
  if (/^rest:https?:\/\//.test(address)) return parseRest(address.slice('rest:'.length));
  if (address.startsWith('sftp:')) return parseSftp(address.slice('sftp:'.length));
  const path = address.replace(/^local:/, '');
  if (path.startsWith('/')) return { kind: 'directory', path };
  return { kind: 'other', scheme: /^([a-z0-9]+):/.exec(address)?.[1] ?? '' };
}

function parseS3(rest: string, options: RepositoryAccess['options']): StoragePlace {
  const text = /^https?:\/\//.test(rest) ? rest : `https://${rest.replace(/^\/\//, '')}`;
  const url = parseUrl(text);
  const [bucket, ...prefix] = url.pathname.split('/').filter((part) => part !== '');
  if (!bucket) throw new AppError('invalid_input', 'the S3 address names no bucket', { field: 'location' });
  const region = options['s3.region'] ?? regionOf(url.hostname);
  const isByHost = options['s3.bucket-lookup'] === 'dns' || url.hostname.endsWith('.myqcloud.com');
  const path = (isByHost ? prefix : [bucket, ...prefix]).map((part) => `${encodeKey(part)}/`).join('');
  const origin = `${url.protocol}//${isByHost ? `${bucket}.${url.host}` : url.host}`;
  const place = {
    url: new URL(`${origin}/${isByHost ? '' : encodeKey(bucket)}`),
    prefix: prefix.map((part) => `${decodeUrlPart(part)}/`).join(''),
  };
  return { kind: 's3', base: new URL(`${origin}/${path}`), region, bucket: place };
}

/** As S3 signs it: also the characters that URLs leave alone. */
function encodeKey(part: string): string {
  return encodeURIComponent(decodeUrlPart(part)).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** AWS and Tencent have the region in the name of the host: `s3.eu-west-1.amazonaws.com`, `cos.ap-seoul.myqcloud.com`. */
function regionOf(hostname: string): string {
  return /^(?:s3|cos)[.-]([a-z0-9-]+)\.(?:amazonaws|myqcloud)\.com/.exec(hostname)?.[1] ?? 'us-east-1';
}

function parseRest(text: string): StoragePlace {
  const url = parseUrl(text.endsWith('/') ? text : `${text}/`);
  const user = decodeUrlPart(url.username);
  const secret = Buffer.from(`${user}:${decodeUrlPart(url.password)}`).toString('base64');
  const authorization = user === '' ? undefined : `Basic ${secret}`;
  url.username = '';
  url.password = '';
  return { kind: 'rest', base: url, authorization };
}

/** `user@host:path` or `//user@host:port/path`; a path without a slash of its own is below the user's home. */
function parseSftp(rest: string): StoragePlace {
  const isUrl = rest.startsWith('//');
  const found = (isUrl ? SFTP_URL : SFTP_SHORT).exec(rest)?.groups;
  const { user, host = '', port, path = '' } = found ?? {};
  if (!found) {
    throw new AppError('invalid_input', 'the SFTP address cannot be read', {
      field: 'location',
      hint: 'write it as sftp:USER@HOST:/PATH, or sftp://USER@HOST:PORT//PATH',
    });
  }
  return {
    kind: 'sftp',
    user,
    host: host.replace(/^\[|\]$/g, ''),
    port: port === undefined ? undefined : Number(port),
    path: withoutEndSlash(isUrl ? decodeUrlPart(path) : path),
  };
}

/** A name that begins with a hyphen would be an option of ssh. */
const HOST = String.raw`(?!-)(?:(?<user>[^@/:\s]+)@(?!-))?(?<host>\[[^\]]+\]|[^/:@[\]\s]+)`;
const SFTP_URL = new RegExp(String.raw`^//${HOST}(?::(?<port>\d{1,5}))?/(?<path>.+)$`);
const SFTP_SHORT = new RegExp(String.raw`^${HOST}:(?<path>.+)$`);

const withoutEndSlash = (path: string): string => (path.length > 1 ? path.replace(/\/+$/, '') : path);

function parseUrl(text: string): URL {
  try {
    return new URL(text);
  } catch (error) {
    throw new AppError('invalid_input', 'the address of the repository is no valid URL', {
      field: 'location',
      cause: error,
    });
  }
}
