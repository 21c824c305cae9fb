import type { StorageCredentials } from '../../contract/helper-messages.ts';
import { AppError } from '../../contract/errors.ts';
import type { Session } from '../session.ts';
import { readPrivateFile } from '../state-files.ts';
import type { CredentialSource } from './source.ts';

/** How soon keys that a person changed are noticed. */
const LIFE_MS = 600_000;

/**
 * Read by us alone: restic's S3 library wants a `[default]` line, and ends values at a `#`.
 * @throws AppError as {@link readCredentialFile}
 */
export function createFileSource({ clock }: Pick<Session, 'clock'>, path: string): CredentialSource {
  let held = readCredentialFile(path);
  return {
    async get() {
      try {
        held = readCredentialFile(path);
      } catch {
        // Perhaps it is being written: what worked until now may still do.
      }
      return { ...held, expiresAt: clock() + LIFE_MS };
    },
    waitingSince: () => undefined,
    close: () => undefined,
  };
}

/**
 * The `default` profile of an AWS-style credentials file.
 * @throws AppError `config_invalid` when it is missing or lacks the keys, `refused` when others may read it
 */
export function readCredentialFile(path: string): Omit<StorageCredentials, 'expiresAt'> {
  const values = readSettings(path);
  const { aws_access_key_id: accessKeyId, aws_secret_access_key: secretAccessKey } = values;
  if (!accessKeyId || !secretAccessKey) {
    throw new AppError('config_invalid', `${path} has no keys in its [default] profile`, {
      hint: 'it needs the lines aws_access_key_id = … and aws_secret_access_key = …',
    });
  }
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken: values['aws_session_token'] ?? '',
  };
}

/** Lines `name = value` before any section, and those of `[default]`; names in lower case. */
export function readSettings(path: string): Partial<Record<string, string>> {
  return profile(readText(path));
}

function readText(path: string): string {
  try {
    return readPrivateFile(path).toString('utf8');
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('config_invalid', `the credentials file ${path} cannot be read`, {
      hint: 'check the path and its rights (mode 0600, owned by the user of the agent)',
      cause: error,
    });
  }
}

function profile(text: string): Partial<Record<string, string>> {
  const values: Partial<Record<string, string>> = {};
  let section = 'default';
  for (const line of text.split(/\r?\n/)) {
    section = /^\s*\[([^\]]*)\]/.exec(line)?.[1]?.trim() ?? section;
    const pair = /^\s*(\w+)\s*=\s*(\S(?:.*\S)?)\s*$/.exec(line);
    if (section === 'default' && pair?.[1] && pair[2]) values[pair[1].toLowerCase()] = pair[2];
  }
  return values;
}
