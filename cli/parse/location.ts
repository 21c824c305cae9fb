import { resolve } from 'node:path';
import { AppError, type Location } from '../../contract/index.ts';

/**
 * What `--location` means: `space`, restic's address of a storage, or a directory.
 * @param cwd what a relative directory is relative to
 * @throws AppError `invalid_input` for a kind of storage that the agent does not know
 */
export function parseLocation(text: string, cwd: string, credentialsFile?: string): Location {
  const kind = /^([a-z0-9]+):/.exec(text)?.[1];
  if (kind === 's3') {
    return {
      kind: 's3',
      address: requireRest(text, 's3:https://HOST/BUCKET/PATH'),
      ...(credentialsFile === undefined ? {} : { credentialsFile: resolve(cwd, credentialsFile) }),
    };
  }
  if (credentialsFile !== undefined) {
    throw new AppError('invalid_input', '--credentials-file is for a location that begins with s3:', {
      field: '--credentials-file',
    });
  }
  if (kind === 'rest') return { kind: 'rest', address: requireRest(text, 'rest:https://HOST:8000/PATH') };
  if (kind === 'sftp') return { kind: 'sftp', address: requireRest(text, 'sftp:USER@HOST:/PATH') };
  if (kind !== undefined) {
    throw new AppError('invalid_input', `--location: "${kind}:" is no kind of storage that is known here`, {
      field: '--location',
      hint: 'give space, a directory, s3:…, rest:… or sftp:…; a directory of that name is ./' + text,
    });
  }
  if (text === '') throw new AppError('invalid_input', '--location is empty', { field: '--location' });
  return text === 'space' ? { kind: 'space' } : { kind: 'directory', path: resolve(cwd, text) };
}

function requireRest(text: string, example: string): string {
  if (text.length > text.indexOf(':') + 1) return text;
  throw new AppError('invalid_input', `--location: "${text}" names no place`, {
    field: '--location',
    hint: `write for instance ${example}`,
  });
}
