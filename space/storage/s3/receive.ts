import type { BlobWriter } from '../disk/blob-store.ts';
import type { Call } from './call.ts';
import { claimRoom } from './quota.ts';
import { isBookkeeping } from './rights.ts';

/** A body that was received whole and proved. */
export interface Received {
  /** MD5 in hex, S3's ETag of what was uploaded in one piece. */
  etag: string;
  /** The header of the checksum that the client sent, if it sent one. */
  checksum: Record<string, string>;
}

/**
 * Runs `work` with a new blob for which room is claimed. If it throws, the blob goes: so committing it to the
 * index has to be the last thing that `work` does.
 */
export async function withBlob<T>(
  call: Call,
  write: { size: number; replacedBytes: number },
  work: (writer: BlobWriter) => Promise<T>,
): Promise<T> {
  const { key } = call.request;
  const release = claimRoom(call, { key, ...write });
  try {
    return await withUnclaimedBlob(call, write.size, work);
  } finally {
    release();
  }
}

/** The same for bytes that are counted already, as those of parts. */
export async function withUnclaimedBlob<T>(
  call: Call,
  size: number,
  work: (writer: BlobWriter) => Promise<T>,
): Promise<T> {
  const essential = isBookkeeping(call.identity.claims, call.request.key);
  const writer = await call.store.blobs.create({ size, essential });
  try {
    return await work(writer);
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

/** Receives the body of the request into a new blob and lets `commit` make something of it. */
export async function receive(
  call: Call,
  replacedBytes: number,
  commit: (writer: BlobWriter, received: Received) => Promise<void>,
): Promise<Received> {
  const body = call.openBody();
  return withBlob(call, { size: body.size, replacedBytes }, async (writer) => {
    const { md5, checksum } = await body.read((piece) => writer.write(piece));
    const received = {
      etag: md5.toString('hex'),
      checksum: checksum ? { [checksum.name]: checksum.value } : {},
    };
    await commit(writer, received);
    return received;
  });
}
