import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { usableJail } from '../capsule/offline-jail.ts';
import { KEY_HOST } from '../capsule/key-file.ts';
import type { Session } from '../session.ts';
import { makePrivateDirectory } from '../state-files.ts';
import { initMessage } from './messages.ts';
import type { Repository } from './repository.ts';
import type { Wrapper } from './restic.ts';

/**
 * Makes a repository (format 2) that the repository's own password opens.
 * @returns the new repository's id
 * @throws AppError `conflict` when there is one already: it is never touched
 */
export async function initialize(session: Session, repository: Repository): Promise<string> {
  if (await repository.objects.read('config')) {
    throw new AppError('conflict', 'the location holds a repository already', {
      field: 'location',
      hint: 'adopt it, or choose an empty location',
    });
  }
  const users = join(makePrivateDirectory(join(session.stateDir, 'run')), `users-${process.pid}`);
  writeFileSync(users, `machine:x:${process.geteuid?.() ?? 0}:0::/:/bin/false\n`, { mode: 0o600 });
  try {
    let made: unknown;
    const mask = await namelessView(session, users);
    await repository.run({
      args: ['init', '--repository-version=2'],
      onMessage: (message) => (made = message),
      ...(mask === undefined ? {} : { wrap: () => mask }),
    });
    return initMessage.parse(made, "restic's answer to init").id;
  } finally {
    rmSync(users, { force: true });
  }
}

/**
 * `init` writes the names of host and user into the first key, where the storage can read them, and has no option for
 * them; with rights that may not delete, as those from Space, the key could not be replaced later. So restic sees other
 * names. Without bubblewrap the real ones are written, which costs privacy and nothing else.
 */
async function namelessView(session: Session, users: string): Promise<Wrapper | undefined> {
  const view = ['--die-with-parent', '--bind', '/', '/', '--dev', '/dev', '--ro-bind', users, '/etc/passwd'];
  const jail = await usableJail(session, [...view, '--unshare-uts', '--hostname', KEY_HOST]);
  if (!jail)
    session.output.log(
      'warn',
      'without bubblewrap the first key of the repository names this machine and user',
    );
  return jail;
}
