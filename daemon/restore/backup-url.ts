import { AppError } from '../../contract/index.ts';

/** What a Backup URL says. */
export interface ParsedBackupUrl {
  /** restic's address. */
  readonly address: string;
  readonly location: 'space' | 's3' | 'directory';
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

/** The form that people copy. */
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
  return Buffer.from(`${parts.address.replace(/^s3:/, '')}?${query}`, 'utf8').toString('base64');
}

function plainUrl(text: string): string {
  const compact = text.replace(/\s+/g, '');
  if (isPlain(compact)) return compact.replace(/^s3:/, '');
  const decoded = Buffer.from(compact.replaceAll('-', '+').replaceAll('_', '/'), 'base64')
    .toString('utf8')
    .trim();
  if (isPlain(decoded)) return decoded.replace(/^s3:/, '');
  throw invalid('it is neither an address nor one in base64');
}

function isPlain(text: string): boolean {
  return /^(s3:)?https?:\/\//.test(text) || (text.startsWith('/') && text.includes('/olares-backups/'));
}

type Place = Pick<ParsedBackupUrl, 'address' | 'location' | 'planId' | 'planName' | 'suffix' | 'region'>;

function parseAddress(address: string): Place {
  if (/[\u0000-\u0020\u007f]/.test(address)) throw invalid('its address holds control characters');
  if (/(^|\/)\.\.?(\/|$)/.test(address)) throw invalid('its address holds a relative part');
  const { host, path } = address.startsWith('/') ? { host: '', path: address } : splitUrl(address);
  const [, name = '', planId] = REPOSITORY.exec(path) ?? [];
  if (planId === undefined) throw invalid('its address does not end with olares-backups/NAME-ID');
  const repository = { planId, planName: decodeName(name) };
  if (host === '') {
    return { address, location: 'directory', ...repository, suffix: undefined, region: undefined };
  }
  const region = /^(?:s3|cos)\.([a-z0-9-]+)\./.exec(host)?.[1];
  return { address: `s3:${address}`, ...repository, region, ...spacePart(path) };
}

function spacePart(path: string): Pick<Place, 'location' | 'suffix'> {
  if (!path.includes('/did:key:')) return { location: 's3', suffix: undefined };
  const suffix = SPACE_PREFIX.exec(path)?.[1];
  if (suffix === undefined) throw invalid('its Space prefix is not DID-suffix');
  return { location: 'space', suffix };
}

function splitUrl(address: string): { host: string; path: string } {
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
