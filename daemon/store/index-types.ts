import type { SnapshotEntry } from '../../contract/index.ts';
import type { IndexReader } from './index-reader.ts';
import type { WriteIndex } from './index-trust.ts';

/** `last` of a state that the newest indexed snapshot has too. */
export const OPEN = 0x7fff_ffff;

export interface IndexedSnapshot {
  readonly seq: number;
  readonly resticId: string;
}

/** Takes one snapshot in. All calls are short; give the event loop a turn between them. */
export interface IndexWriter {
  readonly seq: number;
  /** Depth first, a directory before what it holds. */
  add(entries: readonly SnapshotEntry[]): void;
  /** One step towards the end; false: done, the snapshot can be read. */
  finishStep(): boolean;
}

/** The trees of a plan's snapshots. A cache: what it does not know, the repository does. */
export interface IndexStore extends IndexReader {
  /** Those that can be read. */
  snapshots(): readonly IndexedSnapshot[];
  /** All that changes the index is done inside of this: it does not wait for the disk, and can tell after a power cut. */
  readonly write: WriteIndex;
  /** One step of taking back what an interrupted writer left; false: nothing is left of it. */
  cleanStep(): boolean;
  /**
   * Takes out what only snapshots had that are gone, of some nodes after `from`.
   * @returns where to go on, undefined at the end
   */
  purgeStep(from: number): number | undefined;
  /** Only once {@link IndexStore.cleanStep} said false. */
  begin(resticId: string): IndexWriter;
  /** These are no more in the repository. */
  forget(resticIds: readonly string[]): void;
  close(): void;
}
