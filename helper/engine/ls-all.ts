import type { HelperRequestOf, HelperResultOf } from '../../contract/helper-messages.ts';
import type { SnapshotEntry } from '../../contract/model/snapshot.ts';
import type { Session } from '../session.ts';
import { describe } from './ls.ts';
import { openMachineRepository } from './machine-repository.ts';
import { messageType, nodeMessage } from './messages.ts';

/** About 50 KB of JSON: the daemon takes one in a few milliseconds. */
const BATCH = 250;

/** The whole tree of a snapshot, in parts; holds restic up while the daemon is behind. */
export async function lsAll(
  request: HelperRequestOf<'ls-all'>,
  session: Session,
): Promise<HelperResultOf<'ls-all'>> {
  await using repository = await openMachineRepository(session, request);
  let batch: SnapshotEntry[] = [];
  let sent: Promise<void> | undefined;
  let entries = 0;
  const flush = () => {
    if (batch.length === 0) return;
    sent = session.output.entries(batch);
    batch = [];
  };
  await repository.run({
    args: ['ls', '--no-lock', request.snapshotId],
    hold() {
      const held = sent;
      sent = undefined;
      return held;
    },
    onMessage(message) {
      if (messageType(message) !== 'node') return;
      batch.push(describe(nodeMessage.parse(message, "restic's entry")));
      entries += 1;
      if (batch.length >= BATCH) flush();
    },
  });
  flush();
  await sent;
  return { entries };
}
