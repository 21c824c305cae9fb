import { randomInt } from 'node:crypto';
import { open } from 'node:fs/promises';
import { constants } from 'node:fs';
import { promisify } from 'node:util';
import { deflateRaw } from 'node:zlib';

const deflate = promisify(deflateRaw);
const PLACES = 48;
const READ_BYTES = 64 * 1024;
const CHANCES = 2 ** 32;

interface Place {
  readonly path: string;
  readonly offset: number;
}

/** Places among all bytes that were offered, each byte as likely as any other, in one pass and little memory. */
export interface ByteSample {
  offer(path: string, bytes: number): void;
  /** What is left of the bytes once they are compressed, between 0 and 1, by what is at the places. */
  compressedShare(): Promise<number>;
}

export function createByteSample(): ByteSample {
  const places: Place[] = [];
  /** Where each place moves to: byte numbers over all files, by the law of a reservoir. */
  const moves = Array.from({ length: PLACES }, () => 0);
  let total = 0;
  let soonest = 0;
  return {
    offer(path, bytes) {
      const end = total + bytes;
      if (soonest < end) {
        for (let index = 0; index < PLACES; index += 1) {
          for (let at = moves[index] ?? Infinity; at < end; at = moves[index] ?? Infinity) {
            places[index] = { path, offset: Math.floor(at) - total };
            moves[index] = Math.max(1, at) / ((randomInt(CHANCES) + 1) / CHANCES);
          }
        }
        soonest = Math.min(...moves);
      }
      total = end;
    },
    async compressedShare() {
      const shares = (await Promise.all(places.map(shareAt))).filter((share) => share !== undefined);
      return shares.length === 0 ? 1 : shares.reduce((sum, share) => sum + share, 0) / shares.length;
    },
  };
}

/** @returns undefined for what can not be read */
async function shareAt({ path, offset }: Place): Promise<number | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const position = Math.max(0, offset - (offset % READ_BYTES));
      const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(READ_BYTES), position });
      if (bytesRead === 0) return undefined;
      return Math.min(1, (await deflate(buffer.subarray(0, bytesRead))).length / bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    // It is gone, or is no file any more.
    return undefined;
  }
}
