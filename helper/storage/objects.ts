import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { RepositoryAccess, StorageCredentials } from '../../contract/helper-messages.ts';
import { ruleFor } from '../engine/failures.ts';
import type { Session } from '../session.ts';
import { parseAddress, type StoragePlace } from './address.ts';
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
}

export type CredentialGetter = () => Promise<StorageCredentials>;

/** @param credentials undefined for a storage that needs none */
export function openObjects(
  session: Session,
  access: RepositoryAccess,
  credentials: CredentialGetter | undefined,
): RepositoryObjects {
  const place = parseAddress(access);
  return {
    canRead: place.kind !== 'other',
    async read(name) {
      if (place.kind === 'other') {
        throw new AppError('invalid_input', `reading keys over ${place.scheme} is not possible yet`, {
          field: 'location',
          hint: 'use a directory, S3 or a REST server',
        });
      }
      if (place.kind === 'directory') return readLocal(place.path, name);
      const url = new URL(name, place.base);
      return found(
        await getSmall(url, await headersFor({ session, place, url, credentials }), session.cancel),
      );
    },
  };
}

async function readLocal(directory: string, name: string): Promise<Buffer | undefined> {
  try {
    return await readFile(join(directory, name));
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined;
    throw new AppError('refused', `${directory} cannot be read`, {
      hint: 'check the rights of the directory, and that its disk is mounted and healthy',
      retry: 'after_action',
      cause: error,
    });
  }
}

interface SignedRequest {
  readonly session: Session;
  readonly place: Exclude<StoragePlace, { kind: 'directory' | 'other' }>;
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
