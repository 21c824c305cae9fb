import { AppError } from '../../contract/errors.ts';
import type { RepositoryAccess } from '../../contract/helper-messages.ts';
import { readSettings } from '../credentials/file.ts';

/**
 * Name and password of a REST server as part of its address: restic gets that in a file without a name, so that neither
 * its arguments nor its environment have them.
 * @throws AppError `config_invalid` when the file is missing or lacks them, `refused` when others may read it
 */
export function withSignIn(access: RepositoryAccess): RepositoryAccess {
  const { credentials, address } = access;
  if (credentials.kind !== 'file' || !address.startsWith('rest:')) return access;
  const { username, password } = readSettings(credentials.path);
  if (!username || !password) {
    throw new AppError('config_invalid', `${credentials.path} has no name and password for the REST server`, {
      hint: 'it needs the lines username = … and password = …',
    });
  }
  const signIn = `${encodeURIComponent(username)}:${encodeURIComponent(password)}@`;
  return { ...access, address: address.replace(/^(rest:https?:\/\/)/, `$1${signIn}`) };
}
