import { spawnSync } from 'node:child_process';
import { AppError } from '../../contract/errors.ts';

/** `ls` marks what has an access list by a plus after its rights. Node itself cannot see one. */
const FIRST_WITH_LIST = 'find "$1" -type d -exec ls -ldq {} + 2>/dev/null | grep -m1 "^d[^ ]*+"';

/**
 * Directories that stay are made anew beside what is brought, with their rights, owner and times. Their access lists
 * would be lost, and the group would then have the rights of the list's mask: so a tree with any is not merged.
 * @throws AppError `refused`; nothing was changed then
 */
export function assertNoAccessLists(directory: Buffer): void {
  // Our descriptors have other names in another process.
  const path = directory.toString('latin1').replace('/proc/self/', `/proc/${process.pid}/`);
  const args = ['-c', FIRST_WITH_LIST, 'sh', Buffer.from(path, 'latin1').toString()];
  const { stdout } = spawnSync('/bin/sh', args, {
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
  });
  if (!stdout) return;
  throw new AppError(
    'refused',
    'directories of the target have access lists (ACLs), which a merge would lose',
    {
      field: 'target',
      hint: 'restore into a new directory, or take the whole of the snapshot with --conflict replace --delete-extra; nothing was changed',
    },
  );
}
