import type { RepositoryAccess } from '../../contract/helper-messages.ts';
import type { Session } from '../session.ts';
import { connectSftp, type SftpClient } from './sftp-client.ts';
import { sshOptions, type SshHost } from './ssh.ts';

/** A directory behind SFTP, signed in to while somebody reads. */
export interface SftpPlace {
  /** @param name relative to the place */
  read(name: string): Promise<Buffer | undefined>;
  list(name: string): Promise<string[] | undefined>;
}

/** Reads that overlap share one connection: each sign-in costs the host a fifth of a second. */
export function openSftpPlace(
  session: Session,
  place: SshHost & { readonly path: string },
  ssh: RepositoryAccess['ssh'],
): SftpPlace {
  let shared: Promise<SftpClient> | undefined;
  let users = 0;
  const use = async <T>(work: (client: SftpClient) => Promise<T>): Promise<T> => {
    users += 1;
    const connection = (shared ??= connectSftp(session, { host: place, options: sshOptions(session, ssh) }));
    try {
      return await work(await connection);
    } finally {
      users -= 1;
      if (users === 0) {
        shared = undefined;
        // A connection that was never made has been reported by the work.
        connection.then(
          (client) => client.close(),
          () => undefined,
        );
      }
    }
  };
  const at = (name: string): string => `${place.path}/${name}`;
  return {
    read: async (name) => await use(async (client) => await client.read(at(name))),
    list: async (name) => await use(async (client) => await client.list(at(name))),
  };
}
