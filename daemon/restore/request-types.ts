import type {
  NewRestoreRequest,
  RestoreChoice,
  RestorePreview,
  RestoreRequest,
  SecretChannel,
} from '../../contract/index.ts';

/** Restore requests, from proposal to result; whoever asks, it is the same path. */
export interface Requests {
  /**
   * From Space: only stored, nothing is opened or downloaded.
   * @throws AppError `refused` (policy, unknown snapshot or repository), `conflict` (one is pending for the plan)
   */
  propose(input: {
    planId?: string;
    snapshotId: string;
    backupUrl?: string;
    note: string;
    commandId: string;
    expiresAt: number;
  }): RestoreRequest;
  create(input: NewRestoreRequest, origin: 'user' | 'page'): Promise<RestoreRequest>;
  open(codeOrId: string): RestoreRequest;
  preview(codeOrId: string, choice: RestoreChoice): Promise<RestorePreview>;
  /** Starts the password check; the CLI hands the secret to the channel. */
  verify(codeOrId: string, choice: RestoreChoice): Promise<SecretChannel>;
  decline(codeOrId: string, reason: string | undefined): RestoreRequest;
  /** By the one who proposed it. */
  cancel(id: string, reason: string): RestoreRequest;
  get(codeOrId: string): RestoreRequest;
  list(all: boolean): RestoreRequest[];
  /**
   * Puts the old files of an in-place restore back; what it brought is kept beside them.
   * @throws AppError `not_found`, `conflict` when nothing is kept or it still runs
   */
  undo(codeOrId: string): Promise<RestoreRequest>;
  /** Ends what has run out of time, and removes old files kept long enough. Called each minute. */
  expire(): void;
  /** Finishes restores that were killed while they placed files. Called once, before jobs run. */
  recover(): Promise<void>;
}
