/** What the console of a Space shows; the answers of its JSON API under `/console/api`. Times in ms since 1970. */
export interface ConsoleState {
  serverTime: number;
  spaceUrl: string;
  accounts: ConsoleAccount[];
}

export interface ConsoleAccount {
  id: string;
  olaresName: string;
  userid: string;
  usedBytes: number;
  totalBytes: number;
  planLevel: number;
  /** Most that may be stored beyond the total; 0: nothing is sold to this account. */
  overageBytes: number;
  /** Of a GiB beyond the total for a month; absent: this Space sells none. */
  price?: { currency: string; perGibMonth: number };
  devices: ConsoleDevice[];
  backups: ConsoleBackup[];
}

export interface ConsoleDevice {
  id: string;
  machine: string;
  agentVersion: string;
  isConnected: boolean;
  isRevoked: boolean;
  pairedAt: number;
  lastSeenAt?: number;
  /** In words, as the device told: what is wrong there now. */
  problems: string[];
  /** Jobs at work or waiting, newest first. */
  jobs: ConsoleJob[];
  /** Newest first. */
  commands: ConsoleCommand[];
}

export interface ConsoleJob {
  id: string;
  kind: string;
  state: string;
  planId?: string;
  planName?: string;
  reason?: string;
  phase?: string;
  /** 0…1 */
  fraction?: number;
}

export interface ConsoleCommand {
  id: string;
  kind: string;
  status: string;
  askedBy: string;
  issuedAt: number;
  expiresAt: number;
  updatedAt: number;
  /** Error code of the device. */
  code?: string;
  /** In the words of the person who declined it. */
  reason?: string;
  planId?: string;
  snapshotId?: string;
  /** What waits for a person at the machine. */
  request?: ConsoleRequest;
}

export interface ConsoleRequest {
  /** What the person types after `olares-backup restore`, or after `request approve` where it is no restore. */
  code: string;
  id?: string;
  state?: string;
  reason?: string;
}

export interface ConsoleBackup {
  id: string;
  name: string;
  /** 1 = files, 2 = app. */
  type: number;
  path: string;
  deviceId?: string;
  /** armed, paused … as its device told. */
  planState?: string;
  createdAt: number;
  stoppedAt?: number;
  lastSnapshotAt?: number;
  storedBytes?: number;
  snapshotCount: number;
  /** The newest 20. */
  snapshots: ConsoleSnapshot[];
}

export interface ConsoleSnapshot {
  id: string;
  resticId: string;
  takenAt: number;
  sizeBytes: number;
  status: string;
  type: string;
  /** What the agent said about a snapshot that did not succeed. */
  message?: string;
}

export interface ConsolePairingCode {
  code: string;
  expiresAt: number;
  /** To type on the machine. */
  command: string;
}

/** What a person may ask of a machine from the console, beside a restore. */
export interface ConsoleCommandRequest {
  kind:
    | 'backup.now'
    | 'plan.pause'
    | 'plan.resume'
    | 'job.cancel'
    | 'restore.cancel'
    | 'status.request'
    | 'notice';
  planId?: string;
  jobId?: string;
  requestId?: string;
  text?: string;
}

export interface ConsoleRestoreRequest {
  accountId: string;
  backupId: string;
  snapshotId: string;
  /** Absent: the machine that made the backup. */
  deviceId?: string;
  note?: string;
}

export interface ConsoleError {
  error: { code: string; message: string; hint?: string };
}

/** Sent with every write, so that no plain form and no foreign page can make one. */
export const CONSOLE_HEADER = 'x-olares-console';
