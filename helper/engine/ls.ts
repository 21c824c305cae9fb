import type { HelperRequestOf, HelperResultOf } from '../../contract/helper-messages.ts';
import type { SnapshotEntry } from '../../contract/model/snapshot.ts';
import { AppError } from '../../contract/errors.ts';
import { cleanText } from '../../contract/text.ts';
import type { Session } from '../session.ts';
import { openMachineRepository } from './machine-repository.ts';
import { messageType, nodeMessage } from './messages.ts';

/**
 * The entries of one directory of a snapshot, or the one file of that path.
 * @throws AppError `not_found` when the snapshot has no such path
 */
export async function ls(request: HelperRequestOf<'ls'>, session: Session): Promise<HelperResultOf<'ls'>> {
  const { snapshotId, path } = request;
  await using repository = await openMachineRepository(session, request);
  const entries: SnapshotEntry[] = [];
  let found = path === '/';
  await repository.run({
    args: ['ls', '--no-lock', snapshotId, '--', path],
    onMessage(message) {
      if (messageType(message) !== 'node') return;
      const node = nodeMessage.parse(message, "restic's entry");
      found ||= node.path === path;
      // The directory itself comes first, before what it holds.
      if (node.path !== path || node.type !== 'dir') entries.push(describe(node));
    },
  });
  if (!found) {
    throw new AppError('not_found', `snapshot ${snapshotId.slice(0, 8)} has no ${cleanText(path)}`, {
      hint: 'look at its directories with `olares-backup snapshot ls`',
    });
  }
  return entries;
}

/** Go writes the kind of a file into the high bits of its mode. */
const PERMISSIONS = 0o777;
const GO_SPECIAL = [
  [0x0080_0000, 0o4000],
  [0x0040_0000, 0o2000],
  [0x0010_0000, 0o1000],
] as const;

export function describe(node: ReturnType<typeof nodeMessage.parse>): SnapshotEntry {
  const { uid, gid, size, mtime } = node;
  return {
    name: node.name,
    path: node.path,
    type: node.type,
    ...(size === undefined ? {} : { sizeBytes: size }),
    ...(mtime === undefined ? {} : { modifiedAt: Date.parse(mtime) }),
    ...(node.mode === undefined ? {} : { mode: unixMode(node.mode) }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  };
}

function unixMode(goMode: number): number {
  return GO_SPECIAL.reduce(
    (mode, [go, unix]) => ((goMode & go) === 0 ? mode : mode | unix),
    goMode & PERMISSIONS,
  );
}
