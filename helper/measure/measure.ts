import { lstatSync, type Dirent, type Stats } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { HelperRequestOf, HelperResultOf } from '../../contract/helper-messages.ts';
import { literalPattern } from '../engine/excludes.ts';
import { cancelled } from '../engine/exit-codes.ts';
import type { Session } from '../session.ts';
import { timeLimit } from '../time-limit.ts';
import { createByteSample } from './byte-sample.ts';
import { excludeMatcher } from './exclude-match.ts';

type Request = HelperRequestOf<'measure'>;

/** What was not counted by then is left out: so many files take restic far longer. */
const LIMIT_MS = 30_000;
const AT_ONCE = 256;
const YIELD_EACH = 1000;
/** Of files with several names those that are known; beyond it a name counts as a file. */
const MAX_LINKED = 100_000;
/** What the list of a directory takes in the repository for each entry, compressed. */
const ENTRY_BYTES = 128;

/**
 * What a first snapshot of these paths will probably add, by sizes alone and a look at a few places. The same data twice
 * counts twice.
 */
export async function measure(request: Request, session: Session): Promise<HelperResultOf<'measure'>> {
  using limit = timeLimit(request.limitMs ?? LIMIT_MS, session.cancel);
  const count = new Count(request, session.stateDir);
  await Promise.race([count.all(request.paths, limit.signal), over(limit.signal)]);
  if (session.cancel.aborted) throw cancelled();
  const { files, entries, bytes, sample } = count;
  const share = await sample.compressedShare();
  return {
    files,
    bytes,
    expectedBytes: Math.round(bytes * share) + entries * ENTRY_BYTES,
    isWhole: !limit.isOver,
  };
}

/** A mount that hangs answers no call; then we go on without. */
const over = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });

class Count {
  files = 0;
  entries = 0;
  bytes = 0;
  readonly sample = createByteSample();
  readonly #isExcluded: (path: string) => boolean;
  readonly #linked = new Set<string>();

  constructor({ excludes }: Request, stateDir: string) {
    this.#isExcluded = excludeMatcher([...excludes, literalPattern(stateDir)]);
  }

  async all(paths: readonly string[], stop: AbortSignal): Promise<void> {
    const directories = await this.#sources(paths);
    for (let next = directories.pop(); next !== undefined && !stop.aborted; next = directories.pop()) {
      await this.#list(next, directories, stop);
    }
  }

  /** A source inside another one is saved once. */
  async #sources(paths: readonly string[]): Promise<string[]> {
    const isInside = (path: string) =>
      paths.some((other) => other !== path && path.startsWith(join(other, '/')));
    const directories: string[] = [];
    for (const path of new Set(paths.filter((path) => !isInside(path)))) {
      const stats = await lstat(path).catch(() => undefined);
      if (stats && !this.#isExcluded(path)) this.#note(path, stats, directories);
    }
    return directories;
  }

  /** It waits for the directory, which may be a mount that hangs; its files are a fifth as dear without waiting. */
  async #list(directory: string, directories: string[], stop: AbortSignal): Promise<void> {
    const opened = await opendir(directory, { bufferSize: AT_ONCE }).catch(() => undefined);
    if (!opened) return;
    try {
      let seen = 0;
      for (let entry = opened.readSync(); entry && !stop.aborted; entry = opened.readSync()) {
        this.#see(entry, join(directory, entry.name), directories);
        seen += 1;
        if (seen % YIELD_EACH === 0) await setImmediate();
      }
    } catch {
      // It went away while it was read: restic will say so.
    } finally {
      opened.closeSync();
    }
  }

  #see(entry: Dirent, path: string, directories: string[]): void {
    if (isSpecial(entry) || this.#isExcluded(path)) return;
    if (entry.isDirectory()) {
      this.entries += 1;
      directories.push(path);
      return;
    }
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats) this.#note(path, stats, directories);
  }

  #note(path: string, stats: Stats, directories: string[]): void {
    this.entries += 1;
    if (stats.isDirectory()) directories.push(path);
    if (!stats.isFile() || this.#isKnown(stats)) return;
    this.files += 1;
    // Holes take nothing; a block is 512 bytes here whatever the file system has.
    const bytes = Math.min(stats.size, stats.blocks * 512);
    this.bytes += bytes;
    this.sample.offer(path, bytes);
  }

  #isKnown({ nlink, dev, ino }: Stats): boolean {
    if (nlink < 2) return false;
    const key = `${dev}:${ino}`;
    if (this.#linked.has(key)) return true;
    if (this.#linked.size < MAX_LINKED) this.#linked.add(key);
    return false;
  }
}

const isSpecial = (entry: Dirent): boolean =>
  entry.isFIFO() || entry.isSocket() || entry.isCharacterDevice() || entry.isBlockDevice();
