import { basename } from 'node:path';
import { execa } from 'execa';
import { AppError } from '../../contract/errors.ts';
import type { HelperRequestOf, HelperResultOf } from '../../contract/helper-messages.ts';
import type { Session } from '../session.ts';
import { assertBelongs } from './place-record.ts';
import { openTarget } from './target.ts';

/**
 * Removes the tree that an in-place restore kept, when its time is over. Gone already is as good.
 * @throws AppError `failed` when something of it stays
 */
export async function forget(
  { target: path, undoPath }: HelperRequestOf<'restore-forget'>,
  session: Session,
): Promise<HelperResultOf<'restore-forget'>> {
  assertBelongs(path, undoPath);
  using target = openTarget(session, path, true);
  const parent = `/proc/${process.pid}/fd/${target.parent.fd}`;
  // Its owner may still reach into this tree. GNU rm goes by open directories, so no link swapped in leads it astray.
  const args = ['-rf', '--one-file-system', '--', `${parent}/${basename(undoPath)}`];
  const { exitCode, stderr } = await execa('rm', args, {
    reject: false,
    extendEnv: false,
    env: { LC_ALL: 'C', PATH: session.places.path },
  });
  if (exitCode === 0) return {};
  throw new AppError('failed', `${undoPath} could not be removed altogether`, {
    hint: 'remove it by hand',
    cause: new Error(stderr.slice(0, 2_000)),
  });
}
