import type {
  Account,
  AgentEvent,
  BackupWish,
  DiffAnswer,
  DoctorCheck,
  FindAnswer,
  HealthCondition,
  Job,
  JobCause,
  Link,
  LocationTest,
  Look,
  NewLook,
  NewPlan,
  NewRestoreRequest,
  Plan,
  PlanChange,
  PlanKey,
  Progress,
  RegionsAnswer,
  RestoreChoice,
  RestorePreview,
  RestoreRequest,
  SecretChannel,
  Snapshot,
  SnapshotEntry,
  SpaceCommand,
  SpaceCommandsAnswer,
  Status,
  TakeOver,
  Usage,
} from '../../contract/index.ts';

/** What the local API needs of the parts behind it. A route is parse, call, map: every decision is theirs. */
export interface ApiPorts {
  status(): Status;
  /** Where Space can keep data. */
  regions(): Promise<RegionsAnswer>;
  readonly plans: {
    list(): Plan[];
    get(nameOrId: string): Plan;
    create(plan: NewPlan): Plan;
    draft(plan: NewPlan): Plan;
    change(nameOrId: string, change: PlanChange): Plan;
    remove(nameOrId: string): Plan;
    pause(nameOrId: string): Plan;
    resume(nameOrId: string): Plan;
  };
  readonly repositories: {
    arm(plan: Plan, options: { mode: 'create' | 'adopt'; recovery: boolean }): Promise<SecretChannel>;
    changeKey(plan: Plan, action: 'replace-user' | 'add-recovery'): Promise<SecretChannel>;
    removeKey(plan: Plan, keyId: string): Promise<PlanKey[]>;
    keys(plan: Plan): Promise<PlanKey[]>;
    snapshots(plan: Plan | undefined, refresh: boolean): Promise<Snapshot[]>;
    snapshot(idPrefix: string): Promise<Snapshot>;
    doctor(): Promise<DoctorCheck[]>;
    test(plan: Plan, options?: { adopt?: boolean }): Promise<LocationTest>;
  };
  readonly recovery: {
    look(input: NewLook): Promise<{ id: string; channel: SecretChannel }>;
    looked(id: string): Look;
    adopt(id: string, wish: TakeOver): Plan;
    prove(plan: Plan): Promise<SecretChannel>;
  };
  /** The trees of the snapshots. */
  readonly index: {
    entries(snapshot: Snapshot, path: string): Promise<SnapshotEntry[]>;
    find(query: {
      pattern: string;
      plan: Plan | undefined;
      limit: number;
      wait: boolean;
    }): Promise<FindAnswer>;
    diff(query: { a: Snapshot; b: Snapshot; limit: number; after: number }): Promise<DiffAnswer>;
  };
  readonly jobs: {
    backup(plan: Plan, cause: JobCause, wish: BackupWish): Job;
    check(plan: Plan, cause: JobCause): Job;
    cancel(idPrefix: string): Job;
    find(idPrefix: string): Job | undefined;
    list(filter: { planId?: string; state?: Job['state']; active?: boolean; limit?: number }): Job[];
    onProgress(listener: (progress: Progress) => void): () => void;
  };
  readonly requests: {
    create(input: NewRestoreRequest, origin: 'user' | 'page'): Promise<RestoreRequest>;
    open(codeOrId: string): RestoreRequest;
    preview(codeOrId: string, choice: RestoreChoice): Promise<RestorePreview>;
    verify(codeOrId: string, choice: RestoreChoice): Promise<SecretChannel>;
    decline(codeOrId: string, reason: string | undefined): RestoreRequest;
    undo(codeOrId: string): Promise<RestoreRequest>;
    get(codeOrId: string): RestoreRequest;
    list(all: boolean): RestoreRequest[];
  };
  /** What Space asked, newest first; `after` so many newer ones. */
  asked(query: { limit: number; after: number }): SpaceCommandsAnswer;
  /** A person's yes or no to a command of Space that waits for it. */
  answer(codeOrId: string, answer: { allow: boolean; reason?: string }): SpaceCommand;
  readonly account: {
    login(input: {
      spaceUrl: string;
      code?: string;
      did?: string;
      token?: string;
      clusterId?: string;
    }): Promise<Account>;
    logout(): Promise<void>;
    link(): Link;
  };
  readonly usage: { get(refresh: boolean): Promise<Usage> };
  readonly health: { list(): HealthCondition[] };
  readonly events: {
    /** Events after a number, first those there are, then new ones, until the signal. */
    stream(after: number, signal: AbortSignal): AsyncIterable<AgentEvent>;
    newestSeq(): number;
  };
  config(): Record<string, unknown>;
}
