import type {
  DoctorCheck,
  LocationTest,
  Plan,
  PlanKey,
  SecretChannel,
  Snapshot,
  SnapshotEntry,
} from '../../contract/index.ts';

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
  /** Called each minute: compares the ledger of a plan whose turn has come with its repository. */
  tend(): Promise<void>;
  /** Connects to the location of a plan, kept or not; nothing stays there. */
  test(plan: Plan, options?: { adopt?: boolean }): Promise<LocationTest>;
}
