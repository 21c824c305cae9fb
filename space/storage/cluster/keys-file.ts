import { open } from 'node:fs/promises';
import { AppError } from '../../../contract/errors.ts';

export interface ClusterKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

const FIELDS = {
  aws_access_key_id: 'accessKeyId',
  aws_secret_access_key: 'secretAccessKey',
  aws_session_token: 'sessionToken',
} as const;
const MAX_BYTES = 64 * 1024;
const EXAMPLE = 'aws_access_key_id = …, and on the next line aws_secret_access_key = …';

/**
 * Reads the long-lived keys: the form of `~/.aws/credentials`, its section `[default]` or no section.
 * @throws AppError `config_invalid` for a file that is missing, readable by others, or without keys; never with its text
 */
export async function readKeysFile(file: string): Promise<ClusterKeys> {
  const keys = parseKeys(await readPrivately(file));
  const { accessKeyId, secretAccessKey } = keys;
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw invalid(`${file} holds no keys`, `write two lines: ${EXAMPLE}`);
  }
  return { ...keys, accessKeyId, secretAccessKey };
}

async function readPrivately(file: string): Promise<string> {
  const handle = await open(file, 'r').catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'there is no such file' : cause.message;
    throw invalid(
      `${file} cannot be read: ${why}`,
      `make it, for your eyes only (chmod 600), with two lines: ${EXAMPLE}`,
    );
  });
  try {
    // Of the open file, so that what was judged is what is read.
    const { mode, size } = await handle.stat();
    if ((mode & 0o077) !== 0) throw invalid(`${file} can be read by others`, `chmod 600 ${file}`);
    if (size > MAX_BYTES)
      throw invalid(`${file} is too big to be a file of keys`, `write two lines: ${EXAMPLE}`);
    return await handle.readFile('utf8');
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw invalid(`${file} cannot be read: ${(error as Error).message}`, 'name a file');
  } finally {
    await handle.close();
  }
}

function parseKeys(text: string): { -readonly [Name in keyof ClusterKeys]?: string } {
  const keys: { -readonly [Name in keyof ClusterKeys]?: string } = {};
  let isOurs = true;
  for (const line of text.split(/\r?\n/)) {
    const section = /^\s*\[(.*)\]\s*$/.exec(line);
    if (section) isOurs = section[1]?.trim() === 'default';
    const [, name = '', value] = /^\s*(\w+)\s*=\s*(\S+)\s*$/.exec(line) ?? [];
    if (isOurs && value !== undefined && name in FIELDS) keys[FIELDS[name as keyof typeof FIELDS]] = value;
  }
  return keys;
}

function invalid(message: string, hint: string): AppError {
  return new AppError('config_invalid', message, { field: 's3-credentials-file', hint });
}
