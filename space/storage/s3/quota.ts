import type { Call } from './call.ts';
import { denied, isBookkeeping } from './rights.ts';

/** Room beyond the quota for locks, index, snapshots and keys: bounded, or it would be storage for free. */
const BOOK_ROOM_BYTES = 64 * 1024 ** 2;
const BOOK_ROOM_SHARE = 0.1;

/**
 * Claims room for a write before a byte of it is read. Call the result when the write is over, however it ended.
 * The refusal is `AccessDenied`, because that is the one code after which restic gives up in seconds instead of
 * repeating the upload for a quarter of an hour.
 * @throws S3Error AccessDenied with "quota exceeded"
 */
export function claimRoom(
  call: Call,
  write: { key: string; size: number; replacedBytes: number },
): () => void {
  const { identity, store, config } = call;
  const { accountId } = identity.claims;
  const quota = config.quotaBytes(accountId);
  const isBook = isBookkeeping(identity.claims, write.key);
  const limit = isBook ? quota + Math.max(BOOK_ROOM_BYTES, quota * BOOK_ROOM_SHARE) : quota;
  // What replaces as many bytes (a pack sent again after a lost answer) needs no room.
  const needed = Math.max(0, write.size - write.replacedBytes);
  const claimed = store.meter.claimed(accountId);
  if (needed > 0 && claimed + needed > limit) {
    throw denied(
      `quota exceeded: ${claimed} of ${quota} bytes are in use and this object needs ${needed} more.`,
    );
  }
  return store.meter.reserve(accountId, needed);
}
