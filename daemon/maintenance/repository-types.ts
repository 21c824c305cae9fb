import type {
  DoctorCheck,
  Plan,
  PlanKey,
  RepositoryAccess,
  SecretChannel,
  Snapshot,
  SnapshotEntry,
} from '../../contract/index.ts';

/** How to reach a plan's repository: address, options and, where they are temporary, the keys. */
export interface RepositoryDoor {
  access(plan: Plan): Promise<RepositoryAccess>;
  /** Undefined where the location needs none. */
  credentialsFor(
    plan: Plan,
  ): (() => Promise<import('../../contract/index.ts').StorageCredentials>) | undefined;
}

/** Work on repositories that is no job: it answers a person who waits. */
export interface Repositories {
  /** Makes or opens the repository and writes its keys; the secret comes over the channel. */
  arm(plan: Plan, options: { mode: 'create' | 'adopt'; recovery: boolean }): Promise<SecretChannel>;
  changeKey(plan: Plan, action: 'replace-user' | 'add-recovery'): Promise<SecretChannel>;
  removeKey(plan: Plan, keyId: string): Promise<PlanKey[]>;
  keys(plan: Plan): Promise<PlanKey[]>;
  /** From the ledger at once; `refresh` compares with the repository and marks what is missing or foreign. */
  snapshots(plan: Plan | undefined, refresh: boolean): Promise<Snapshot[]>;
  snapshot(idPrefix: string): Promise<Snapshot>;
  entries(snapshot: Snapshot, path: string): Promise<SnapshotEntry[]>;
  doctor(): Promise<DoctorCheck[]>;
}
