import type { HelperProgress, StorageCredentials } from '../contract/helper-messages.ts';
import type { SnapshotEntry } from '../contract/model/snapshot.ts';

/** Where the helper finds things: read once, in main.ts. */
export interface Places {
  /** Named by the launcher (`RESTIC_BIN`), wins over all other places. */
  readonly resticBin: string | undefined;
  /** The search path for programs, also restic's. */
  readonly path: string;
  /** The directory that holds `.tools/` in a checkout. */
  readonly packageRoot: string;
  /** systemd's directory of unsealed credentials. */
  readonly credentialsDirectory: string | undefined;
}

/** What a verb says while it works. */
export interface Output {
  /** The helper runs, and listens on its secret channel where the request names one. */
  ready(): void;
  /** Passed on at most once per second and phase. */
  progress(progress: HelperProgress): void;
  /** A part of a long list; resolves when it was handed on. */
  entries(entries: SnapshotEntry[]): Promise<void>;
  log(level: 'info' | 'warn', message: string): void;
  credentialsNeeded(): void;
  /** Old files move to this kept tree from now on; undefined: they are all back. Said at once, before they move. */
  kept(undoPath: string | undefined): void;
}

/** One request's surroundings: the same for every verb. */
export interface Session {
  /** Absolute; everything the helper writes, targets of restores excepted, is below. */
  readonly stateDir: string;
  readonly clock: () => number;
  /** Aborted by a `cancel` line, the end of input, SIGINT or SIGTERM; see `isForNow`. */
  readonly cancel: AbortSignal;
  readonly output: Output;
  readonly places: Places;
  /** Calls back for every `credentials` line; answers with the way to stop listening. */
  onCredentials(listener: (credentials: StorageCredentials) => void): () => void;
  /** Runs once the answer is written, with the error if that was one. The process ends after it. */
  afterAnswer(action: (error: unknown) => Promise<void>): void;
}
