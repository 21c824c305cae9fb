import type { Database } from 'better-sqlite3';
import { existsSync, readFileSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const NO_BOOT = 'unknown';

const noteOf = (path: string): string => `${path}-unsynced`;

/**
 * Whether the file is what was last written. It is written without waiting for the disk, which would hold up the
 * whole agent; so a power cut in the middle may leave anything, while a crash of the agent alone leaves all of it.
 */
export function isTrusted(path: string): boolean {
  if (!existsSync(noteOf(path))) return true;
  const boot = bootId();
  return boot !== NO_BOOT && readFileSync(noteOf(path), 'utf8') === boot;
}

export const TRUST_SUFFIXES = ['', '-wal', '-shm', '-unsynced'] as const;

export type WriteIndex = <T>(work: () => Promise<T>) => Promise<T>;

/** Lets work write without waits; a note on the disk says so until the disk has all of it. */
export function createIndexWriting(db: Database, path: string): WriteIndex {
  let writers = 0;
  let ending: Promise<void> = Promise.resolve();
  const begin = async (): Promise<void> => {
    // Its removal must not hit the new note.
    await ending.catch(() => undefined);
    await writeSynced(noteOf(path), bootId());
    if (db.open) db.pragma('synchronous = OFF');
  };
  const end = async (): Promise<void> => {
    if (!db.open) return;
    db.pragma('synchronous = NORMAL');
    await Promise.all([syncFile(path), syncFile(`${path}-wal`)]);
    if (writers === 0) await rm(noteOf(path), { force: true });
  };
  return async (work) => {
    writers += 1;
    try {
      await begin();
      return await work();
    } finally {
      writers -= 1;
      if (writers === 0) {
        ending = end();
        await ending;
      }
    }
  };
}

function bootId(): string {
  try {
    return readFileSync(BOOT_ID, 'utf8').trim();
  } catch {
    // Not Linux, or hidden: then no note is believed.
    return NO_BOOT;
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r').catch(() => undefined);
  // No write-ahead log: everything is in the file itself.
  if (!file) return;
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
