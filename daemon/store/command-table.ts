import type { ResultStatus } from '../../contract/index.ts';

/** A command of Space, stored before any effect and kept for ever: a second one with its id or number is the same. */
export interface CommandRow {
  readonly commandId: string;
  readonly deviceId: string;
  readonly seq: number;
  readonly kind: string;
  /** JSON text as signed. */
  readonly payload: string;
  readonly receivedAt: number;
  readonly status: ResultStatus;
  readonly code: string | null;
  readonly requestCode: string | null;
}

export interface CommandTable {
  /** @returns false when the id or the number is known already; then nothing is written */
  insert(row: CommandRow): boolean;
  setStatus(commandId: string, status: ResultStatus, details?: { code?: string; requestCode?: string }): void;
  get(commandId: string): CommandRow | undefined;
  /** Highest number of this device, 0 if none. */
  newestSeq(deviceId: string): number;
  /** Newest first. */
  list(limit: number): CommandRow[];
}
