import type {
  AgentEvent,
  EventBodies,
  EventKind,
  Job,
  Plan,
  RestorePreview,
  RestoreRequest,
  Snapshot,
  SnapshotEntry,
  Status,
  Usage,
} from '../../contract/index.ts';

/** Shapes of the contract as a daemon would send them; the stand-in checks each against the contract's schemas. */
export const NOW = Date.now();
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
const GIB = 1024 ** 3;

export const uuid = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
export const resticId = (n: number): string => `${n.toString(16).padStart(8, 'a')}${'7c'.repeat(28)}`;

export const makePlan = (change: Partial<Plan> = {}): Plan => ({
  id: uuid(1),
  name: 'Documents',
  paths: ['/home/alice/Documents'],
  excludes: [],
  schedule: { kind: 'daily', at: '02:00' },
  zone: 'Europe/Berlin',
  location: { kind: 'space' },
  state: 'armed',
  createdAt: NOW - 40 * DAY_MS,
  updatedAt: NOW - 40 * DAY_MS,
  repository: { id: resticId(900), address: 's3:https://space.example/bucket/alice' },
  keys: [],
  nextDueAt: NOW + 21 * HOUR_MS + MINUTE_MS,
  lastTryAt: NOW - 3 * HOUR_MS - 10 * MINUTE_MS,
  lastGoodAt: NOW - 3 * HOUR_MS,
  snapshotCount: 41,
  storedBytes: Math.round(2.3 * GIB),
  ...change,
});

export const makeSnapshot = (n: number, change: Partial<Snapshot> = {}): Snapshot => ({
  id: uuid(1000 + n),
  resticId: resticId(n),
  planId: uuid(1),
  planName: 'Documents',
  state: 'present',
  takenAt: NOW - 3 * HOUR_MS - n * DAY_MS,
  paths: ['/home/alice/Documents'],
  filesTotal: 40_211 - n * 3,
  bytesTotal: Math.round(12.3 * GIB) - n * 1_000_000,
  addedBytes: 120_000_000 + ((n * 7_919_000) % 90_000_000),
  incomplete: false,
  ...change,
});

export const makeJob = (n: number, change: Partial<Job> = {}): Job => ({
  id: uuid(5000 + n),
  kind: 'backup',
  planId: uuid(1),
  planName: 'Documents',
  cause: 'schedule',
  state: 'running',
  attempt: 1,
  createdAt: NOW - 4 * MINUTE_MS,
  startedAt: NOW - 4 * MINUTE_MS,
  ...change,
});

/** A backup of day `n` back that made a snapshot. */
export const makeEndedJob = (n: number, change: Partial<Job> = {}): Job => {
  const startedAt = NOW - 3 * HOUR_MS - n * DAY_MS - 72_000;
  return makeJob(n, {
    state: 'succeeded',
    createdAt: startedAt - 400,
    startedAt,
    endedAt: startedAt + 72_000,
    result: {
      kind: 'backup',
      snapshotUuid: uuid(1000 + n),
      snapshotId: resticId(n),
      filesNew: 12,
      filesChanged: 30,
      filesUnmodified: 40_169,
      filesTotal: 40_211,
      bytesTotal: Math.round(12.3 * GIB),
      addedBytes: 120_000_000,
      durationMs: 72_000,
      skipped: { count: 0, first: [] },
      warnings: [],
    },
    ...change,
  });
};

export const makeRequest = (change: Partial<RestoreRequest> = {}): RestoreRequest => ({
  id: uuid(7000),
  code: '7F3K',
  state: 'proposed',
  origin: 'space',
  planId: uuid(1),
  planName: 'Documents',
  snapshotId: resticId(3),
  takenAt: NOW - 3 * DAY_MS,
  filesTotal: 40_202,
  bytesTotal: Math.round(12.3 * GIB),
  newerSnapshots: 3,
  createdAt: NOW - 2 * MINUTE_MS,
  expiresAt: NOW + 23 * HOUR_MS,
  ...change,
});

/** A restore in place as a terminal shows it before the password. */
export const makePreview = (change: Partial<RestorePreview> = {}): RestorePreview => ({
  target: '/home/alice/Documents',
  targetExists: true,
  inPlace: true,
  filesTotal: 40_202,
  bytesTotal: Math.round(12.3 * GIB),
  filesNew: 12,
  filesChanged: 3,
  filesUnchanged: 40_187,
  filesExtra: 2,
  deletesExtra: true,
  conflict: 'replace',
  samples: { added: ['letters/to bob.txt'], changed: ['taxes/2026.ods'], extra: ['ransom note.txt'] },
  bytesToFetch: Math.round(1.3 * GIB),
  estimateMs: 95_000,
  freeBytes: 60 * GIB,
  freeInodes: 1_000_000,
  fits: true,
  warnings: [],
  ...change,
});

/** The job of a restore that could not bring everything. */
export const makeRestoreJob = (change: Partial<Job> = {}): Job =>
  makeEndedJob(0, {
    id: uuid(5100),
    kind: 'restore',
    state: 'incomplete',
    result: {
      kind: 'restore',
      target: '/home/alice/Documents',
      filesRestored: 40_201,
      bytesRestored: Math.round(12.3 * GIB),
      filesVerified: 40_201,
      filesHashed: 200,
      entriesCompared: 44_000,
      durationMs: 95_000,
      skipped: {
        count: 1,
        first: [{ path: '/home/alice/Documents/keys.kdbx', reason: 'its data is damaged' }],
      },
      stripped: { count: 0, first: [] },
      merged: { added: 12, replaced: 3, same: 40_187, kept: 0, renamed: 0, extra: 0, deleted: 2 },
      undoPath: '/home/alice/Documents.before-restore-20261120-181200',
      undoUntil: NOW + 7 * DAY_MS,
      warnings: [],
    },
    ...change,
  });

export const makeUsage = (change: Partial<Usage> = {}): Usage => ({
  source: 'space',
  totalBytes: 10 * GIB,
  usedBytes: Math.round(3.2 * GIB),
  freeBytes: Math.round(6.8 * GIB),
  canBackup: true,
  planLevel: 1,
  reclaimableBytes: Math.round(0.3 * GIB),
  measuredAt: NOW - 2 * MINUTE_MS,
  byPlan: [{ planId: uuid(1), planName: 'Documents', storedBytes: Math.round(2.3 * GIB) }],
  ...change,
});

export const makeStatus = (change: Partial<Status> = {}): Status => ({
  version: '0.1.0',
  engineVersion: '0.19.1',
  machine: 'alice@olares.com',
  startedAt: NOW - 9 * DAY_MS,
  now: NOW,
  eventSeq: 40,
  level: 'good',
  sentence: "Everything's backed up",
  conditions: [],
  account: {
    spaceUrl: 'https://space.example',
    userid: 'did:key:z6MkExample',
    olaresName: 'alice@olares.com',
    paired: true,
    state: 'signed-in',
  },
  link: { state: 'live', since: NOW - 5 * HOUR_MS, pendingReports: 0 },
  usage: makeUsage(),
  plans: [makePlan()],
  jobs: [],
  requests: [],
  asked: [],
  ...change,
});

export const makeEntry = (path: string, change: Partial<SnapshotEntry> = {}): SnapshotEntry => ({
  name: path.split('/').at(-1) ?? '',
  path,
  type: 'file',
  sizeBytes: 48_213,
  modifiedAt: NOW - 12 * DAY_MS,
  mode: 0o644,
  ...change,
});

export const makeEvent = <K extends EventKind>(seq: number, kind: K, body: EventBodies[K]): AgentEvent =>
  ({ seq, at: NOW, kind, body }) as AgentEvent;
