import type {
  HelperProgress,
  HelperRequestOf,
  HelperResultOf,
  HelperVerb,
  SnapshotEntry,
  StorageCredentials,
} from '../../contract/index.ts';

export interface RunOptions {
  /** Abort = polite stop: restic gets SIGINT and up to 65 s. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: HelperProgress) => void;
  /** The parts of a long list, in order; the helper waits while this does. What it throws ends the helper. */
  readonly onEntries?: (entries: readonly SnapshotEntry[]) => Promise<void>;
  /** A restore keeps old files in this tree from now on; undefined: they are all back. */
  readonly onKept?: (undoPath: string | undefined) => void;
  /** The helper listens on its secret channel now. */
  readonly onReady?: () => void;
  /** Asked whenever the helper needs temporary keys. May take as long as it must; a rejection is tried again. */
  readonly credentials?: () => Promise<StorageCredentials>;
}

/** The only way to restic: one helper process per run. */
export interface Engine {
  /**
   * @throws AppError as the helper answered, or `failed` when it ended without an answer
   */
  run<V extends HelperVerb>(request: HelperRequestOf<V>, options?: RunOptions): Promise<HelperResultOf<V>>;
  /**
   * Starts a helper for a run that will come in a moment: the start of a process is most of what a run costs outside
   * restic. One that is not used within seconds ends.
   */
  prepare(verb: HelperVerb): void;
  /** Ends helpers and restic processes that a former daemon left behind; call before the first run. */
  recover(): Promise<void>;
  /** Stops all runs politely. */
  close(): Promise<void>;
}

/** Starts one helper and exchanges lines with it; the daemon does not know how (child process, systemd socket). */
export interface Launcher {
  launch(program: string): HelperProcess;
}

export interface HelperProcess {
  /** Where the launcher knows it. */
  readonly pid?: number;
  readonly lines: AsyncIterable<string>;
  send(line: string): void;
  /** Ends it the hard way. */
  kill(): void;
  /** Resolves at its end with what it said on stderr (last lines). */
  readonly ended: Promise<{ code: number | null; stderrTail: string }>;
}
