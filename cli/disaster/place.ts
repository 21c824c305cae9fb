import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError, type Location, type NewLook } from '../../contract/index.ts';
import type { Session } from '../session.ts';
import { hasKitCode, parseKitCode } from './kit-code.ts';

export interface PlaceOptions {
  readonly kit?: string;
  readonly credentialsFile?: string;
}

/** Where a repository is that no plan of this machine has. */
export interface Place {
  readonly look: NewLook;
  /** Needs the keys that Olares Space gives out. */
  readonly atSpace: boolean;
}

/**
 * The repository that a kit, an address or a Backup URL names.
 * @returns undefined for what names none: a code, a snapshot, `latest`
 * @throws AppError `invalid_input`
 */
export async function placeOf(
  session: Session,
  what: string | undefined,
  options: PlaceOptions,
): Promise<Place | undefined> {
  const kit = await kitText(session, what, options);
  if (kit !== undefined) {
    const { address, repositoryId, keyIds } = parseKitCode(kit);
    const place = placeAt(session, address, options);
    return { ...place, look: { ...place.look, repositoryId, ...(keyIds.length > 0 && { keyIds }) } };
  }
  if (what === undefined) return undefined;
  const address = addressIn(what);
  return address === undefined ? undefined : placeAt(session, address, options);
}

async function kitText(
  session: Session,
  what: string | undefined,
  { kit }: PlaceOptions,
): Promise<string | undefined> {
  if (kit === undefined) return what !== undefined && hasKitCode(what) ? what : undefined;
  const path = resolve(session.runtime.cwd, kit);
  return await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new AppError('invalid_input', `--kit: ${path} cannot be read (${error.code})`, {
      field: '--kit',
      cause: error,
    });
  });
}

/** Whether a Backup URL (plain or in base64) or an address names one exact snapshot. */
export const namesSnapshot = (what: string): boolean => /[?&]snapshotId=/.test(plain(what));

/**
 * The address in it, as restic writes it; undefined for what is neither address nor Backup URL.
 * @throws AppError `invalid_input` for a Backup URL that is cut off
 */
export function addressIn(what: string): string | undefined {
  const text = plain(what);
  // The name of a directory may hold a question mark.
  if (/^[/.]/.test(text) && !namesSnapshot(what)) return /^(?:\/|\.\.?\/)/.test(text) ? text : undefined;
  const [address = '', query] = text.split('?');
  if (/^https?:\/\//.test(address)) {
    if (query !== undefined && !namesSnapshot(what)) throw cutOff();
    return `s3:${address}`;
  }
  return /^(?:s3:|rest:|sftp:|local:|\/|\.\.?\/)/.test(address) ? address : undefined;
}

const cutOff = () =>
  new AppError('invalid_input', 'the Backup URL names no snapshot: it seems to be cut off', {
    hint: 'copy all of it; or give it without the question mark and what follows, and choose a snapshot here',
  });

const ENCODED = /^[A-Za-z0-9+/_-]{40,}={0,2}$/;

function plain(what: string): string {
  const compact = what.replace(/\s+/g, '');
  if (!ENCODED.test(compact) || compact.startsWith('/')) return what.trim();
  const decoded = Buffer.from(compact, 'base64').toString('utf8').trim();
  return decoded.includes('snapshotId=') ? decoded : what.trim();
}

const SPACE_ADDRESS = /^s3:https?:\/\/[^/]+\/[^/]+\/did:key:[^/]+\/olares-backups\//;

function placeAt(session: Session, address: string, options: PlaceOptions): Place {
  if (SPACE_ADDRESS.test(address)) return { look: { address }, atSpace: true };
  return { look: { location: locationAt(session, address, options) }, atSpace: false };
}

function locationAt({ runtime }: Session, address: string, { credentialsFile }: PlaceOptions): Location {
  const kind = /^(s3|rest|sftp):/.exec(address)?.[1];
  if (kind === 's3') {
    const file = credentialsFile === undefined ? undefined : resolve(runtime.cwd, credentialsFile);
    return { kind, address, ...(file !== undefined && { credentialsFile: file }) };
  }
  if (kind === 'rest' || kind === 'sftp') return { kind, address };
  return { kind: 'directory', path: resolve(runtime.cwd, address.replace(/^local:/, '')) };
}
