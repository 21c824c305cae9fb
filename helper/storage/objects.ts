import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { RepositoryAccess, StorageCredentials } from '../../contract/helper-messages.ts';
import { ruleFor } from '../engine/failures.ts';
import type { Session } from '../session.ts';
import { writeLocal } from './write-local.ts';
import { parseAddress, type StoragePlace } from './address.ts';
import { keyIdsIn, keyListUrl } from './key-list.ts';
import { getSmall, type HttpAnswer } from './http-get.ts';
import { signedHeaders } from './sign.ts';

/** Reads small files of a repository without restic: its `config` and its keys, as stored. */
export interface RepositoryObjects {
  /** False where restic alone knows the way, e.g. SFTP. */
  readonly canRead: boolean;
  /**
   * @param name `config` or `keys/<id>`
   * @returns undefined when the storage answers that there is no such file
   * @throws AppError `unreachable` within ten seconds, `not_signed_in`, `refused`
   */
  read(name: string): Promise<Buffer | undefined>;
  /**
   * Ids of the repository's keys, as the storage lists them: whoever can write there can add some.
   * @throws as {@link read}
   */
  keyIds(): Promise<string[]>;
  readonly canWrite: boolean;
  /**
   * Puts a new small file there, as a whole or not at all.
   * @throws as {@link read}
   */
  write(name: string, content: Buffer): Promise<void>;
}

export type CredentialGetter = () => Promise<StorageCredentials>;

/** @param credentials undefined for a storage that needs none */
export function openObjects(
  session: Session,
  access: RepositoryAccess,
  credentials: CredentialGetter | undefined,
): RepositoryObjects {
  const place = parseAddress(access);
  const get = async (place: WebPlace, url: URL, accept?: string): Promise<Buffer | undefined> => {
    const headers = await headersFor({ session, place, url, credentials });
    return found(await getSmall(url, { ...headers, ...(accept && { accept }) }, session.cancel));
  };
  return {
    canRead: place.kind !== 'other',
    canWrite: place.kind === 'directory',
    async write(name, content) {
      if (place.kind !== 'directory') throw notReadable(place.kind);
      await writeLocal(place.path, name, content);
    },
    async read(name) {
      if (place.kind === 'other') throw notReadable(place.scheme);
      if (place.kind === 'directory') return readLocal(place.path, name);
      return await get(place, new URL(name, place.base));
    },
    async keyIds() {
      if (place.kind === 'other') throw notReadable(place.scheme);
      if (place.kind === 'directory') return keyIdsIn(await namesIn(join(place.path, 'keys')));
      const { url, accept, parse } = keyListUrl(place);
      const body = await get(place, url, accept);
      return body === undefined ? [] : keyIdsIn(parse(body.toString('utf8')));
    },
  };
}

type WebPlace = Exclude<StoragePlace, { kind: 'directory' | 'other' }>;

const notReadable = (scheme: string) =>
  new AppError('invalid_input', `reading keys over ${scheme} is not possible yet`, {
    field: 'location',
    hint: 'use a directory, S3 or a REST server',
  });

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw unreadable(directory, error);
  }
}

async function readLocal(directory: string, name: string): Promise<Buffer | undefined> {
  try {
    return await readFile(join(directory, name));
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined;
    throw unreadable(directory, error);
  }
}

const unreadable = (directory: string, cause: unknown) =>
  new AppError('refused', `${directory} cannot be read`, {
    hint: 'check the rights of the directory, and that its disk is mounted and healthy',
    retry: 'after_action',
    cause,
  });

interface SignedRequest {
  readonly session: Session;
  readonly place: WebPlace;
  readonly url: URL;
  readonly credentials: CredentialGetter | undefined;
}

async function headersFor({
  session,
  place,
  url,
  credentials,
}: SignedRequest): Promise<Record<string, string>> {
  if (place.kind === 'rest') return place.authorization ? { authorization: place.authorization } : {};
  if (!credentials) return {};
  return signedHeaders(url, { credentials: await credentials(), region: place.region, now: session.clock() });
}

function found({ status, body }: HttpAnswer): Buffer | undefined {
  if (status === 200 && !isWebPage(body)) return body;
  if (status === 404) return undefined;
  const said = `${status} ${body.toString('utf8', 0, 2000)}`;
  const { code, message, hint, retry } = ruleFor(said) ?? STRANGE_ANSWER;
  throw new AppError(code, message, { hint, retry, cause: new Error(said) });
}

/** What a captive portal or a broken proxy says to everything; restic would try again for a quarter of an hour. */
const isWebPage = (body: Buffer): boolean =>
  /^\s*<(?:!doctype|html)\b/i.test(body.toString('latin1', 0, 100));

const STRANGE_ANSWER = {
  code: 'unreachable',
  message: 'the storage gave an answer we do not understand',
  hint: 'check the address of the location',
  retry: 'backoff',
} as const;
