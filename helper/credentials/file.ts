import type { StorageCredentials } from '../../contract/helper-messages.ts';
import { AppError } from '../../contract/errors.ts';
import { readPrivateFile } from '../state-files.ts';

/**
 * The `default` profile of an AWS-style credentials file.
 * @throws AppError `config_invalid` when it is missing or lacks the keys, `refused` when others may read it
 */
export function readCredentialFile(path: string): StorageCredentials {
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
    expiresAt: Number.MAX_SAFE_INTEGER,
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
