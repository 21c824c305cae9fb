import type { HelperRequestOf, HelperResultOf } from '../../contract/helper-messages.ts';
import type { Session } from '../session.ts';
import { removeStaging } from './staging.ts';
import { isAtWork, openRecorded, stagingRecords, type StagingRecord } from './staging-record.ts';
import { usedBy } from './used.ts';

const DAY_MS = 24 * 60 * 60_000;
const KEPT_DAYS = 7;

type Staged = HelperResultOf<'restore-staged'>[number];

/**
 * Looks at what interrupted restores have fetched so far. What belongs to none of the named requests, or is older than 7
 * days, is removed; what a living helper works in is left alone.
 */
export async function staged(
  { keep }: HelperRequestOf<'restore-staged'>,
  session: Session,
): Promise<HelperResultOf<'restore-staged'>> {
  const found: Staged[] = [];
  for (const record of stagingRecords(session)) {
    if (isAtWork(record)) continue;
    const until = record.startedAt + KEPT_DAYS * DAY_MS;
    const isWanted = keep.includes(record.requestId) && until > session.clock();
    if (!isWanted) await tryToRemove(session, record);
    else found.push({ requestId: record.requestId, path: record.path, bytes: bytesOf(record), until });
  }
  return found;
}

/** Nothing is there when it was interrupted before its first byte. */
function bytesOf(record: StagingRecord): number {
  using anchor = openRecorded(record.path, record);
  return anchor ? usedBy(anchor.path).bytes : 0;
}

/** One that cannot be removed must not keep the others. */
async function tryToRemove(session: Session, record: StagingRecord): Promise<void> {
  try {
    await removeStaging(session, record);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    session.output.log('warn', `${record.path} could not be removed: ${reason}`);
  }
}
