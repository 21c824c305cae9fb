import type { ErrorBody, RequestOrigin, RequestState, RestoreChoice } from '../../contract/index.ts';

export interface RequestRow {
  readonly id: string;
  readonly code: string;
  readonly state: RequestState;
  readonly origin: RequestOrigin;
  readonly planId: string | null;
  readonly planName: string | null;
  readonly snapshotId: string;
  readonly takenAt: number | null;
  readonly filesTotal: number | null;
  readonly bytesTotal: number | null;
  readonly newerSnapshots: number | null;
  readonly backupUrl: string | null;
  readonly note: string | null;
  readonly commandId: string | null;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly choice: RestoreChoice | null;
  readonly reason: string | null;
  readonly jobId: string | null;
  readonly error: ErrorBody | null;
}

export interface RequestTable {
  insert(row: RequestRow): void;
  update(id: string, change: Partial<Omit<RequestRow, 'id'>>): void;
  get(id: string): RequestRow | undefined;
  /** By id, or by code among those that have not ended, else the newest with that code. */
  find(codeOrId: string): RequestRow | undefined;
  /** Newest first; open = not ended. */
  list(filter: { open?: boolean; planId?: string }): RequestRow[];
}
