import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError, type Location, type NewLook } from '../../contract/index.ts';
import type { LocationOptions } from '../commands/location-options.ts';
import { confirmHost } from '../location-check.ts';
import { parseLocation, type LocationFlags } from '../parse/location.ts';
import type { Session } from '../session.ts';
import { hasKitCode, parseKitCode } from './kit-code.ts';

export interface PlaceOptions extends LocationOptions {
  readonly kit?: string;
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
    const place = await placeAt(session, address, options);
    return { ...place, look: { ...place.look, repositoryId, ...(keyIds.length > 0 && { keyIds }) } };
  }
  if (what === undefined) return undefined;
  const address = addressIn(what);
  return address === undefined ? undefined : await placeAt(session, address, options);
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

async function placeAt(session: Session, address: string, options: PlaceOptions): Promise<Place> {
  if (SPACE_ADDRESS.test(address)) return atSpace(session, address, options);
  const where = address.replace(/^local:/, '');
  // Always there: the address is.
  const location = parseLocation({ ...flagsOf(options), location: where }, session.runtime.cwd) as Location;
  return { look: { location: await confirmHost(session, location, options) }, atSpace: false };
}

/** The address tells all: the region, and that the keys come from Space. */
function atSpace({ runtime }: Session, address: string, options: PlaceOptions): Place {
  if (options.region !== undefined || options.hostKey !== undefined) {
    const field = options.region === undefined ? '--host-key' : '--region';
    throw new AppError('invalid_input', `${field} is not for a repository at Olares Space`, { field });
  }
  parseLocation({ ...flagsOf(options), location: 'space' }, runtime.cwd);
  return { look: { address }, atSpace: true };
}

function flagsOf({ credentialsFile, caFile, region, sshKey }: PlaceOptions): LocationFlags {
  return {
    ...(credentialsFile !== undefined && { credentialsFile }),
    ...(caFile !== undefined && { caFile }),
    ...(region !== undefined && { region }),
    ...(sshKey !== undefined && { sshKey }),
  };
}
