import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { RepositoryAccess, StorageCredentials } from '../../contract/helper-messages.ts';
import { ruleFor } from '../engine/failures.ts';
import type { Session } from '../session.ts';
import { writeLocal } from './write-local.ts';
import { parseAddress, type StoragePlace } from './address.ts';
import { keyIdsIn, keyListUrl } from './key-list.ts';
import { sendSmall, type HttpAnswer } from './http-get.ts';
import { signedHeaders } from './sign.ts';
import { openSftpPlace } from './sftp-place.ts';

/** Reads small files of a repository without restic: its `config` and its keys, as stored. */
export interface RepositoryObjects {
  /** False where restic alone knows the way. */
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
    const request = { headers: { ...headers, ...(accept && { accept }) }, caFile: access.caFile };
    return found(await sendSmall(url, request, session.cancel));
  };
  const sftp = place.kind === 'sftp' ? openSftpPlace(session, place, access.ssh) : undefined;
  return {
    canRead: place.kind !== 'other',
    canWrite: place.kind !== 'other' && place.kind !== 'sftp',
    async write(name, content) {
      if (place.kind === 'other' || place.kind === 'sftp') throw notReadable(place.kind);
      if (place.kind === 'directory') return await writeLocal(place.path, name, content);
      const url = new URL(name, place.base);
      const method = place.kind === 's3' ? 'PUT' : 'POST';
      const headers = await headersFor({ session, place, url, credentials, method, body: content });
      const request = { method, headers, body: content, caFile: access.caFile } as const;
      assertDone(await sendSmall(url, request, session.cancel));
    },
    async read(name) {
      if (place.kind === 'other') throw notReadable(place.scheme);
      if (place.kind === 'directory') return readLocal(place.path, name);
      if (place.kind === 'sftp') return await sftp?.read(name);
      return await get(place, new URL(name, place.base));
    },
    async keyIds() {
      if (place.kind === 'other') throw notReadable(place.scheme);
      if (place.kind === 'directory') return keyIdsIn(await namesIn(join(place.path, 'keys')));
      if (place.kind === 'sftp') return keyIdsIn((await sftp?.list('keys')) ?? []);
      const { url, accept, parse } = keyListUrl(place);
      const body = await get(place, url, accept);
      return body === undefined ? [] : keyIdsIn(parse(body.toString('utf8')));
    },
  };
}

type WebPlace = Extract<StoragePlace, { kind: 's3' | 'rest' }>;

const notReadable = (scheme: string) =>
  new AppError('invalid_input', `reading keys over ${scheme} is not possible yet`, {
    field: 'location',
    hint: 'use a directory, S3, a REST server or SFTP',
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
  readonly method?: string;
  readonly body?: Buffer;
}

async function headersFor({
  session,
  place,
  url,
  credentials,
  ...rest
}: SignedRequest): Promise<Record<string, string>> {
  if (place.kind === 'rest') return place.authorization ? { authorization: place.authorization } : {};
  if (!credentials) return {};
  const { region } = place;
  return signedHeaders(url, { credentials: await credentials(), region, now: session.clock(), ...rest });
}

function assertDone(answer: HttpAnswer): void {
  if (answer.status !== 200) throw refusal(answer);
}

function found({ status, body }: HttpAnswer): Buffer | undefined {
  if (status === 200 && !isWebPage(body)) return body;
  if (status === 404) return undefined;
  throw refusal({ status, body });
}

function refusal({ status, body }: HttpAnswer): AppError {
  const said = `${status} ${body.toString('utf8', 0, 2000)}`;
  const { code, message, hint, retry } = ruleFor(said) ?? STRANGE_ANSWER;
  return new AppError(code, message, { hint, retry, cause: new Error(said) });
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
