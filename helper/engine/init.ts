import { randomBytes } from 'node:crypto';
import { AppError } from '../../contract/errors.ts';
import { KEY_HOST } from '../capsule/key-file.ts';
import { ensureMachineKey } from '../machine-key.ts';
import type { Session } from '../session.ts';
import { initMessage } from './messages.ts';
import type { Repository } from './repository.ts';

/**
 * Makes a repository (format 2) that the machine key opens.
 * @throws AppError `conflict` when there is one already: it is never touched
 * @returns the new repository's id
 */
export async function initialize(session: Session, repository: Repository): Promise<string> {
  if (await repository.objects.read('config')) {
    throw new AppError('conflict', 'the location holds a repository already', {
      field: 'location',
      hint: 'adopt it, or choose an empty location',
    });
  }
  // restic writes the machine's and the user's name into the first key, so that one has a throw-away password and is
  // replaced at once by a key that names nobody.
  const first = Buffer.from(randomBytes(32).toString('base64'));
  let made: unknown;
  await repository.run({
    args: ['init', '--repository-version=2'],
    password: first,
    onMessage: (message) => (made = message),
  });
  const { id } = initMessage.parse(made, "restic's answer to init");
  await repository.run({
    args: ['key', 'passwd', `--host=${KEY_HOST}`, '--user=machine'],
    password: first,
    files: { '--new-password-file': ensureMachineKey(session) },
  });
  return id;
}
