import { createHash } from 'node:crypto';
import { AppError } from '../../contract/index.ts';

/** What a Backup URL says. */
export interface ParsedBackupUrl {
  /** restic's address. */
  readonly address: string;
  readonly location: 'space' | 's3' | 'rest' | 'sftp' | 'directory';
  /** Where the address names no plan: an id made of the address, by which wrong passwords are counted. */
  readonly planId: string;
  readonly planName: string;
  /** Part of the Space prefix after the DID. */
  readonly suffix: string | undefined;
  readonly region: string | undefined;
  readonly snapshotId: string;
  readonly snapshotAt: number;
  readonly backupPath: string | undefined;
}

const REPOSITORY = /\/olares-backups\/(.+)-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/?$/;
const SPACE_PREFIX = /^\/[^/]+\/did:key:[^/-]+-([^/-]+)\/olares-backups\//;

/**
 * Reads what the page of Olares Space gives to people: an address with a query, usually in base64 (plain or URL-safe),
 * perhaps broken into lines (beclab/Olares backup-server, pkg/handlers/helper.go as of 2025-12).
 * @throws AppError `invalid_input` naming what is wrong
 */
export function parseBackupUrl(text: string): ParsedBackupUrl {
  const url = plainUrl(text);
  const question = url.indexOf('?');
  if (question === -1) throw invalid('it names no snapshot');
  const address = url.slice(0, question);
  const query = new URLSearchParams(url.slice(question + 1));
  const snapshotId = query.get('snapshotId') ?? '';
  if (!/^[0-9a-f]{64}$/.test(snapshotId)) throw invalid('its snapshotId is not a full snapshot id');
  const snapshotTime = Number(query.get('snapshotTime'));
  if (!Number.isSafeInteger(snapshotTime) || snapshotTime <= 0)
    throw invalid('its snapshotTime is not a time');
  const backupPath = query.get('backupPath');
  return {
    ...parseAddress(address),
    snapshotId,
    snapshotAt: snapshotTime * 1000,
    backupPath: backupPath ? Buffer.from(backupPath, 'base64').toString('utf8') : undefined,
  };
}

/**
 * Reads restic's address of a repository, as a kit or a person names it: a directory, `s3:…`, `rest:…` or `sftp:…`.
 * @throws AppError `invalid_input` naming what is wrong
 */
export function parseRepositoryAddress(text: string): Place {
  const address = text.trim();
  return parseAddress(address.startsWith('/') ? `local:${address}` : address);
}

/** The form that people copy. An address that names no plan keeps the scheme that tells it from a mere web address. */
export function formatBackupUrl(parts: {
  address: string;
  snapshotId: string;
  snapshotAt: number;
  backupPath: string;
}): string {
  const query = new URLSearchParams({
    snapshotId: parts.snapshotId,
    snapshotTime: String(Math.floor(parts.snapshotAt / 1000)),
    backupPath: Buffer.from(parts.backupPath, 'utf8').toString('base64'),
    backupType: '1',
  });
  const { address } = parts;
  const isPlans = REPOSITORY.test(address);
  const place = isPlans ? address.replace(/^s3:/, '') : address.replace(/^\//, 'local:/');
  return Buffer.from(`${place}?${query}`, 'utf8').toString('base64');
}

function plainUrl(text: string): string {
  const compact = text.replace(/\s+/g, '');
  if (isPlain(compact)) return compact;
  const decoded = Buffer.from(compact.replaceAll('-', '+').replaceAll('_', '/'), 'base64')
    .toString('utf8')
    .trim();
  if (isPlain(decoded)) return decoded;
  throw invalid('it is neither an address nor one in base64');
}

function isPlain(text: string): boolean {
  if (/^(?:s3:|rest:)?https?:\/\//.test(text) || /^(?:s3:[a-z0-9.-]+|local:)\//i.test(text)) return true;
  if (SFTP.test(text)) return true;
  return text.startsWith('/') && text.includes('/olares-backups/');
}

export type Place = Pick<
  ParsedBackupUrl,
  'address' | 'location' | 'planId' | 'planName' | 'suffix' | 'region'
>;

const SCHEME = /^(s3|rest|local):/;
/** restic's two forms: `sftp://user@host:port/path` and `sftp:user@host:path`. */
const SFTP = /^sftp:(?:\/\/[^/\s]+|[^/:\s]+:)(.*)$/;

function parseAddress(text: string): Place {
  if (/[\u0000-\u001f\u007f]/.test(text)) throw invalid('its address holds control characters');
  if (/(^|\/)\.\.?(\/|$)/.test(text)) throw invalid('its address holds a relative part');
  const nowhere = { suffix: undefined, region: undefined };
  const sftpPath = SFTP.exec(text)?.[1];
  if (sftpPath !== undefined)
    return { address: text, location: 'sftp', ...repositoryOf(text, `/${sftpPath}`, true), ...nowhere };
  const { scheme, place } = split(text);
  const { host, path } = place.startsWith('/') ? { host: '', path: place } : splitUrl(place);
  const repository = repositoryOf(place, path, scheme !== undefined);
  if (host === '') return { address: place, location: 'directory', ...repository, ...nowhere };
  if (scheme === 'rest') return { address: text, location: 'rest', ...repository, ...nowhere };
  const region = /^(?:s3|cos)\.([a-z0-9-]+)\./.exec(host)?.[1];
  return { address: `s3:${place}`, ...repository, region, ...spacePart(path) };
}

function split(text: string): { scheme: string | undefined; place: string } {
  const scheme = SCHEME.exec(text)?.[1];
  const rest = text.replace(SCHEME, '');
  return { scheme, place: scheme === 's3' ? rest.replace(/^(?!https?:\/\/)/, 'https://') : rest };
}

/** @param isNamed whether the address says itself that it is a repository: then it may be anybody's */
function repositoryOf(place: string, path: string, isNamed: boolean): Pick<Place, 'planId' | 'planName'> {
  const [, name = '', planId] = REPOSITORY.exec(path) ?? [];
  if (planId !== undefined) return { planId, planName: decodeName(name) };
  if (!isNamed) throw invalid('its address does not end with olares-backups/NAME-ID');
  const digest = createHash('sha256').update(place).digest('hex');
  const id = digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
  return { planId: id, planName: decodeName(path.replace(/\/+$/, '').replace(/^.*\//, '')) };
}

function spacePart(path: string): Pick<Place, 'location' | 'suffix'> {
  if (!path.includes('/did:key:')) return { location: 's3', suffix: undefined };
  const suffix = SPACE_PREFIX.exec(path)?.[1];
  if (suffix === undefined) throw invalid('its Space prefix is not DID-suffix');
  return { location: 'space', suffix };
}

function splitUrl(address: string): { host: string; path: string } {
  if (address.includes(' ')) throw invalid('its address holds a space');
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw invalid('its address cannot be read');
  }
  if (url.username || url.password || url.hash) throw invalid('its address holds more than a place');
  // As written: a DID's colons must stay what they are.
  return { host: url.host, path: address.slice(address.indexOf('/', 'https://'.length)) };
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function invalid(why: string): AppError {
  return new AppError('invalid_input', `the Backup URL cannot be used: ${why}`, {
    field: 'backupUrl',
    hint: 'copy it again from the page of Olares Space, as a whole',
  });
}
