import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import type { SshHost } from '../storage/ssh.ts';
import { sshOptions } from '../storage/ssh.ts';
import { connectSftp, type SftpClient } from '../storage/sftp-client.ts';
import type { Probe } from './probe-types.ts';
import type { Step } from './steps.ts';

/** Signs in to the host whose key was confirmed, and tries to write. */
export function sftpSteps(
  { session, request, access }: Probe,
  place: SshHost & { readonly path: string },
): Step[] {
  const connect = async (): Promise<SftpClient> =>
    await connectSftp(session, { host: place, options: sshOptions(session, access.ssh) });
  return [
    {
      name: 'host',
      async look() {
        (await connect()).close();
        return `${place.host} shows the confirmed key and accepts ours`;
      },
    },
    ...(request.mode === 'create'
      ? [
          {
            name: 'rights',
            async look() {
              const client = await connect();
              try {
                return await tryWriting(client, place.path);
              } finally {
                client.close();
              }
            },
          },
        ]
      : []),
  ];
}

async function tryWriting(client: SftpClient, path: string): Promise<string> {
  const existing = await nearest(client, path);
  const trial = posix.join(existing, `.olares-backup-test-${randomBytes(6).toString('hex')}`);
  await client.makeDirectory(trial);
  await client.removeDirectory(trial);
  return existing === path
    ? 'files can be made there'
    : `it does not exist yet, and can be made in ${existing}`;
}

/** The path itself, or the directory in which it would be made. */
async function nearest(client: SftpClient, path: string): Promise<string> {
  const parent = posix.dirname(path);
  if ((await client.list(path)) !== undefined || parent === path) return path;
  return await nearest(client, parent);
}
