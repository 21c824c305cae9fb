import { closeSync, constants, fstatSync, openSync, statfsSync, unlinkSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

const TMPFS = 0x0102_1994;
const PLACES = ['/dev/shm', '/run'];

/** Content without a name, for a child that opens `/dev/fd/N`. */
export interface MemoryFile {
  readonly fd: number;
  /** Overwrites the content with zeros and closes our end. */
  erase(): void;
}

/**
 * Node's pipes to children are sockets, which cannot be opened through `/dev/fd`, so a file in memory that has lost its
 * name before it gets its content takes their place. It goes when the last process that has it ends, however it ends.
 * @param fallback a private directory, for systems without a writable tmpfs
 */
export function createMemoryFile(content: Buffer | string, fallback: string): MemoryFile {
  const fd = openUnnamed(fallback);
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  for (let offset = 0; offset < bytes.length;) offset += writeSync(fd, bytes, offset);
  return { fd, erase: () => erase(fd) };
}

function openUnnamed(fallback: string): number {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  for (const place of [...PLACES.filter(isTmpfs), fallback]) {
    const path = join(place, `.olares-backup-${randomBytes(12).toString('hex')}`);
    try {
      const fd = openSync(path, flags, 0o600);
      unlinkSync(path);
      return fd;
    } catch (error) {
      // The next place may be writable; the last one's error is the caller's.
      if (place === fallback) throw error;
    }
  }
  throw new Error('unreachable: the fallback either opens or throws');
}

function isTmpfs(path: string): boolean {
  try {
    return statfsSync(path).type === TMPFS;
  } catch {
    // Not there: then it is no place for us.
    return false;
  }
}

function erase(fd: number): void {
  const { size } = fstatSync(fd);
  writeSync(fd, Buffer.alloc(size), 0, size, 0);
  closeSync(fd);
}
